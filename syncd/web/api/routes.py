"""All of the API."""

from syncd.web.api import connections, customers, operations, reviews, runs

ROUTERS = (runs.ROUTER, operations.ROUTER, customers.ROUTER, reviews.ROUTER, connections.ROUTER)
