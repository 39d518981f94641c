"""The pages: one router per place, each small, all of them whole without JavaScript."""
