"""All pages."""

from syncd.web.pages import account, connections, customers, door, overview, people, reviews, runs, settings

ROUTERS = (
    door.ROUTER,
    overview.ROUTER,
    runs.ROUTER,
    customers.ROUTER,
    people.ROUTER,
    reviews.ROUTER,
    connections.ROUTER,
    account.ROUTER,
    settings.ROUTER,
)
