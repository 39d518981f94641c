"""All pages."""

from syncd.web.pages import (
    account,
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
    connections.ROUTER,
    account.ROUTER,
    settings.ROUTER,
)
