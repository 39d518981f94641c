"""The same listing with dlt and its REST source, as its documentation shows it: `dlt_pull.py URL SHOP STORE FOLDER [again]`.

Offset pages of a hundred, merged by the customer's id; incremental by `modifiedDate`. It runs in an environment of
its own and knows nothing of syncd.
"""

from __future__ import annotations

import os
import sys
from typing import Any

FLAGS = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "ERROR",
    "NORMALIZE__WORKERS": "1",
}


def source_of(url: str, shop: str, *, incremental: bool) -> Any:
    """Return the REST source; with `incremental` it asks for what changed since its last cursor."""
    from dlt.sources.rest_api import rest_api_source

    params: dict[str, Any] = {"pageSize": 100, "orderBy": "id", "includeCustomerGroup": "true"}
    if incremental:
        params["lastModifiedFrom"] = {
            "type": "incremental",
            "cursor_path": "modifiedDate",
            "initial_value": "2000-01-01T00:00:00.0000000",
        }
    pages = {
        "type": "offset",
        "limit": 100,
        "limit_param": None,
        "offset_param": "currentItem",
        "total_path": "total",
    }
    return rest_api_source(
        {
            "client": {
                "base_url": f"{url}/",
                "headers": {"Retailer": shop},
                "auth": {
                    "type": "oauth2_client_credentials",
                    "access_token_url": f"{url}/connect/token",
                    "client_id": "bench",
                    "client_secret": "bench",
                },
                "paginator": pages,
            },
            "resources": [
                {
                    "name": "customers",
                    "primary_key": "id",
                    "write_disposition": "merge",
                    "endpoint": {"path": "customers", "params": params, "data_selector": "data"},
                }
            ],
        }
    )


def main(url: str, shop: str, store: str, folder: str, *flags: str) -> None:
    """Load the listing into a database."""
    os.environ.update(FLAGS)
    import dlt

    if store.startswith("sqlite"):
        destination = dlt.destinations.sqlalchemy(credentials=store)
    else:
        destination = dlt.destinations.postgres(credentials=store)
    pipeline = dlt.pipeline("shop", destination=destination, dataset_name="shop", pipelines_dir=folder)
    pipeline.run(source_of(url, shop, incremental="incremental" in flags))
    with pipeline.sql_client() as client:
        rows = client.execute_sql("SELECT count(*) FROM customers")
    print(f'{{"rows": {rows[0][0] if rows else 0}}}')


if __name__ == "__main__":
    main(*sys.argv[1:])
