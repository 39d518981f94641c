"""The admin page and the JSON API: server-rendered, whole without JavaScript, asking for runs through the store."""

from syncd.web.application import choose_password, create_app, greeting, one_time_link

__all__ = ["choose_password", "create_app", "greeting", "one_time_link"]
