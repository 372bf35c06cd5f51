"""An application that sends mail: it queues one and prints its id. The sister of example-shop, in Python.

Where the spool is, the environment says, OUTSPOOL_SPOOL. The daemon need not run. The types lie next to it:

    outspool types --lang python --templates etc/templates --output Sources/example-shop-python
"""

import os
import sys

from outspool import OrderShipped, OrderShippedItem, Spool, SubmitError


def main() -> int:
    order = OrderShipped(
        orderId=1043, carrier="DHL",
        items=[
            OrderShippedItem(name='Teapot "Brown Betty", 1.1 l', quantity=1, price="€ 38.00"),
            OrderShippedItem(name="Tea strainer", quantity=2, price="€ 7.20"),
        ],
        trackingUrl="https://tracking.example.com/?parcel=00340434161094027318")
    try:
        print(Spool().submit(order, to="Zoë <zoe@example.com>"))
        return os.EX_OK
    except SubmitError as error:
        # The exit status says it; there may be no reader of the line.
        print(f"shop: {error}", file=sys.stderr)
        # A job that is wrong would be tomorrow; with a full disk, or no spool yet, the same call can succeed later.
        return os.EX_DATAERR if error.reason == "invalid" else os.EX_TEMPFAIL


if __name__ == "__main__":
    sys.exit(main())
