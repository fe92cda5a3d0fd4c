"""Which States there are."""

from babel import Locale


def known_states() -> frozenset[str]:
    """ISO 3166-1 alpha-2 codes, from the CLDR."""
    codes: list[str] = [str(code) for code in Locale("en").territories]
    return frozenset(code for code in codes if len(code) == 2 and code.isalpha()) - {"EU", "UN", "ZZ"}
