"""Values as people and vendors write them: names of several languages, addresses, numbers, and the awkward rest."""

from hypothesis import strategies as st

from syncd.customer import FIELDS

GIVEN = ("An", "Văn An", "Thị Bích", "José", "Jan-Peter", "Zoë", "Đức", "Ann", "Søren")
FAMILY = ("Nguyễn", "Trần", "de Smet", "García Márquez", "Müller", "O'Brien", "Lê", "Janssens")
EMAILS = ("an@example.com", "An@Example.COM", "jose@example.org", "info@example.net", "a+b@example.com")
PHONES = ("0912 345 678", "+84912345678", "0084912345678", "0475 12 34 56", "+32475123456", "555")
REGIONS = (None, "VN", "BE", "US")

awkward = st.text(
    alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12
) | st.sampled_from(
    (
        " ",
        "\t",
        "é",
        "e\u0301",
        "İ",
        "ß",
        "K",
        "đ",
        "Đ",
        "０１２",
        "\u202eabc",
        "👩‍👩‍👧",
        "a\r\nb",
        "null",
        "-",
        ".",
    )
)
given = st.sampled_from(GIVEN)
family = st.sampled_from(FAMILY)
emails = st.sampled_from(EMAILS) | awkward.map(lambda local: f"{local}@example.com")
phones = st.sampled_from(PHONES) | st.from_regex(r"\+?[0-9 ().\-/x]{3,18}", fullmatch=True) | awkward
dates = st.dates().map(str) | st.sampled_from(
    ("0000-00-00", "1990-05-01T00:00:00+07:00", "2024-02-29", "0001-01-01", "1990-00-10", "1.5.1990")
)
websites = st.sampled_from(
    (
        "https://www.Example.com/",
        "http://example.com",
        "www.example.com/Path/",
        "https://www.www.be",
        "//",
        "/",
    )
)
numbers = st.integers(-10, 10_000).map(str) | st.sampled_from(("10.0", "10.50", "010", "1.", "-0.0", "1e3"))
groups = st.lists(st.sampled_from(("VIP", " vip", "Staff", "a|b", "")), max_size=4).map("|".join)
regions = st.sampled_from(REGIONS)
fields = st.sampled_from(FIELDS)
values = st.one_of(awkward, given, family, emails, phones, dates, websites, numbers, groups)


def casing(text: str) -> st.SearchStrategy[str]:
    """Return ways of writing the same text in another case or between spaces."""
    return st.sampled_from((text, text.upper(), text.lower(), text.title(), f"  {text} ", f"{text}\n"))
