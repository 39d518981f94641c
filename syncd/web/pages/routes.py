"""All pages."""

from syncd.web.pages import (
    account,
    adding,
    connections,
    customer,
    customers,
    door,
    operations,
    overview,
    people,
    reviews,
    runs,
    settings,
)

ROUTERS = (
    door.ROUTER,
    overview.ROUTER,
    runs.ROUTER,
    operations.ROUTER,
    customers.ROUTER,
    customer.ROUTER,
    people.ROUTER,
    reviews.ROUTER,
    adding.ROUTER,
    connections.ROUTER,
    account.ROUTER,
    settings.ROUTER,
)
