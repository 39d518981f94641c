"""The customers of `/api/customers`, with every trap of its PUT."""

from __future__ import annotations

from syncd.sandbox.perfex.crm import Crm, database_error, fail
from syncd.sandbox.perfex.lists import NO_DATA, invalid, listed, order
from syncd.sandbox.perfex.tables import CUSTOMER_COLUMNS, CUSTOMER_CREATE, ZEROED, folded
from syncd.sandbox.perfex.writing import custom_values, group_ids, posted, put, rendered
from syncd.sandbox.vendor import Refused
from syncd.sandbox.wire import Call, Json, Reply, html

WRITABLE = frozenset(CUSTOMER_COLUMNS) - {"userid"}


def by_company(row: Json) -> tuple[str, int]:
    """The order of every customer list."""
    return (row["columns"]["company"] or "").casefold(), int(row["columns"]["userid"])


class Customers:
    """Handlers for customers."""

    def __init__(self, crm: Crm) -> None:
        self.crm = crm

    def listing(self, call: Call) -> Reply:
        """All customers, also inactive ones, by company."""
        form, version = self.crm.switches.lists, self.crm.switches.version
        enveloped = form == "envelope" or (form == "version" and version == "3.0")
        return listed(self.crm, call, self._ordered(call), self._rendered, enveloped)

    def get(self, call: Call, userid: str) -> Reply:
        """One customer; with the vat option off it hides the vat that the list shows."""
        call.customer = userid
        row = self.crm.state.customers.shown(userid, self.crm.now())
        if row is None:
            return fail(404, NO_DATA)
        shown = self._rendered(row)
        return Reply(200, {**shown, "vat": None} if self.crm.switches.vat_hidden_in_get else shown)

    def search(self, call: Call, term: str | None = None) -> Reply:
        """Active customers in which the term occurs anywhere."""
        if self.crm.switches.search_broken:
            return database_error("Unknown column 'tblcontacts.company' in 'where clause'")
        wanted = folded(searched(self.crm, call, term))
        active = (row for row in self._ordered(call) if row["columns"]["active"] == "1")
        found = [row for row in active if self._holds(row, wanted)]
        return listed(self.crm, call, found, self._rendered, self.crm.switches.lists == "envelope")

    def create(self, call: Call) -> Reply:
        """Adds a customer; fields that the module does not know are dropped."""
        sent = posted(self.crm, call)
        self._check_company(sent)
        columns = self.crm.stored(
            {name: sent.get(name, "") for name in CUSTOMER_CREATE}, CUSTOMER_COLUMNS, True
        )
        for name in ZEROED:
            columns[name] = columns.get(name) or "0"
        custom = custom_values(self.crm, sent, "customers")
        userid = self.crm.add_customer(columns, custom, group_ids(sent), self.crm.hidden_until(call))
        call.customer = userid
        return created(self.crm, "Client add successful.", userid)

    def update(self, call: Call, userid: str) -> Reply:
        """Writes what is sent, and sets to 0 or deletes some of what is not."""
        crm, call.customer = self.crm, userid
        sent = put(call)
        row = crm.state.customers.find(userid)
        if row is None:
            return fail(404, "Customer not found" if crm.switches.paginates else "Customers Update Fail.")
        unknown = set(sent) - WRITABLE - {"groups_in", "custom_fields"}
        if unknown and not crm.switches.paginates:
            return database_error(f"Unknown column '{min(unknown)}' in 'field list'")
        new = self._merged(row, sent)
        if new == row:
            return fail(404, "Customers Update Fail.")
        crm.state.customers.change(userid, new, crm.stale_until(call))
        crm.announce("customer", "updated", userid, new["columns"])
        return Reply(200, {"status": True, "message": "Customers Update Successful."})

    def delete(self, call: Call, userid: str) -> Reply:
        """Deletes a customer that has no invoices, estimates or credit notes."""
        crm, call.customer = self.crm, userid
        if userid not in crm.state.customers:
            return fail(404, "Customer not found" if crm.switches.paginates else "Customer Delete Fail.")
        if userid in crm.state.invoiced and not crm.switches.delete_invoiced:
            return fail(404, "Customer Delete Fail.")
        crm.remove_customer(userid)
        return Reply(200, {"status": True, "message": "Customer Delete Successful."})

    def _ordered(self, call: Call) -> list[Json]:
        name, keys = order(self.crm, call, CUSTOMER_COLUMNS, "company", (by_company, False))
        return self.crm.state.customers.listed(self.crm.now(), name, *keys)

    def _rendered(self, row: Json) -> Json:
        shown = rendered(self.crm, row, "customers")
        if shown["company"] == " ":
            shown["company"] = self._person(shown["userid"]) or " "
        return shown

    def _person(self, userid: str) -> str:
        primary = next(iter(self.crm.contacts(userid)), None)
        return f"{primary['columns']['firstname']} {primary['columns']['lastname']}" if primary else ""

    def _holds(self, row: Json, wanted: str) -> bool:
        columns, crm = row["columns"], self.crm
        if wanted in crm.folded_once(columns["userid"], row, lambda: self._texts(row)):
            return True
        return any(
            wanted in crm.contact_text(each) for each in crm.state.contacts_of.get(columns["userid"], ())
        )

    def _texts(self, row: Json) -> list[str | None]:
        columns = row["columns"]
        own = [columns["company"], *row["custom"].values()]
        return own if self.crm.switches.version != "3.0" else [*own, columns["vat"], columns["phonenumber"]]

    def _merged(self, row: Json, sent: Json) -> Json:
        zeroed = {name: "0" for name in ZEROED if name not in sent}
        columns = {**row["columns"], **zeroed, **self.crm.stored(sent, CUSTOMER_COLUMNS, True)}
        columns["userid"] = row["columns"]["userid"]
        custom = {**row["custom"], **custom_values(self.crm, sent, "customers")}
        return {"columns": columns, "custom": custom, "groups": group_ids(sent)}

    def _check_company(self, sent: Json) -> None:
        company = sent.get("company")
        if company is None or company == "":
            raise self._invalid({"company": "The Company field is required."})
        if len(str(company)) > 600:
            raise self._invalid({"company": "The Company field cannot exceed 600 characters in length."})

    def _invalid(self, errors: dict[str, str]) -> Refused:
        return invalid(errors) if self.crm.switches.version == "3.1" else Refused(form_errors(404, errors))


def form_errors(status: int, errors: dict[str, str]) -> Reply:
    """CodeIgniter's form validation as the module prints it."""
    message = "".join(f"<p>{text}</p>\n" for text in errors.values())
    return Reply(status, {"status": False, "error": errors, "message": message})


def created(crm: Crm, message: str, key: str) -> Reply:
    """The reply to a create, with the new id where this version gives one."""
    given = crm.switches.record_id
    body: Json = {"status": True, "message": message}
    if given or (given is None and crm.switches.paginates):
        body["record_id"] = int(key)
    return Reply(crm.switches.created_status, body)


def searched(crm: Crm, call: Call, term: str | None) -> str:
    """The term of a search, from the path or, on 3.x, from `?q=`; raises Refused where there is none."""
    if term and "@" in term and crm.switches.refuse_at_in_path:
        raise Refused(
            html(400, "An Error Was Encountered", "<p>The URI you submitted has disallowed characters.</p>")
        )
    if crm.switches.paginates:
        term = term or call.first("q") or call.first("query")
    if not term:
        raise Refused(fail(400 if crm.switches.paginates else 404, "The search term is required"))
    return term
