"""What Perfex writes as a number or a folder name: countries and languages.

No endpoint lists the countries, so the numbers that every installation starts with are shipped here; they are the
same in all public dumps of the table `tblcountries`. An installation that has changed its table says so in the
setting `countries`. A number or folder that is not known is an unknown value, and what stands there is kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# [Perfex core: the rows of tblcountries in order of country_id, 1 Afghanistan … 250 Zimbabwe]
_ORDER = re.findall(
    "[A-Z]{2}",
    """
AF AX AL DZ AS AD AO AI AQ AG AR AM AW AU AT AZ BS BH BD BB BY BE BZ BJ BM
BT BO BQ BA BW BV BR IO BN BG BF BI KH CM CA CV KY CF TD CL CN CX CC CO KM
CG CK CR CI HR CU CW CY CZ CD DK DJ DM DO EC EG SV GQ ER EE ET FK FO FJ FI
FR GF PF TF GA GM GE DE GH GI GR GL GD GP GU GT GG GN GW GY HT HM HN HK HU
IS IN ID IR IQ IE IM IL IT JM JP JE JO KZ KE KI XK KW KG LA LV LB LS LR LY
LI LT LU MO MK MG MW MY MV ML MT MH MQ MR MU YT MX FM MD MC MN ME MS MA MZ
MM NA NR NP NL NC NZ NI NE NG NU NF KP MP NO OM PK PW PS PA PG PY PE PH PN
PL PT PR QA RE RO RU RW BL SH KN LC MF PM VC WS SM ST SA SN RS SC SL SG SX
SK SI SB SO ZA GS KR SS ES LK SD SR SJ SZ SE CH SY TW TJ TZ TH TL TG TK TO
TT TN TR TM TC TV UG UA AE GB US UM UY UZ VU VA VE VN VG VI WF EH YE ZM ZW
    """,
)

COUNTRIES: Mapping[str, str] = {str(number): code for number, code in enumerate(_ORDER, start=1)}

# [Perfex core: the folders of application/language]
LANGUAGES: Mapping[str, str] = {
    "bulgarian": "bg",
    "catalan": "ca",
    "chinese": "zh",
    "czech": "cs",
    "danish": "da",
    "dutch": "nl",
    "english": "en",
    "finnish": "fi",
    "french": "fr",
    "german": "de",
    "greek": "el",
    "hungarian": "hu",
    "indonesia": "id",
    "italian": "it",
    "japanese": "ja",
    "norwegian": "no",
    "persian": "fa",
    "polish": "pl",
    "portuguese": "pt",
    "portuguese_br": "pt",
    "romanian": "ro",
    "russian": "ru",
    "slovak": "sk",
    "spanish": "es",
    "swedish": "sv",
    "turkish": "tr",
    "ukrainian": "uk",
    "vietnamese": "vi",
}

FOLDERS: Mapping[str, str] = {code: folder for folder, code in reversed(list(LANGUAGES.items()))}


def country_numbers(changes: Mapping[str, str]) -> dict[str, str]:
    """Return number → ISO alpha-2 of one installation; `changes` are its own numbers, "" taking one away."""
    merged = {**COUNTRIES, **{str(number): code.upper() for number, code in changes.items()}}
    return {number: code for number, code in merged.items() if code}
