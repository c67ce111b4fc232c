"""Money on the wire: integers of the currency's minor unit, with an ISO 4217 code."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, Field

#: ISO 4217 active codes by their number of minor-unit digits. Source: ISO 4217 list one, 2026.
_CODES_BY_DIGITS: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF "
        "CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD "
        "GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL "
        "MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR "
        "PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP "
        "TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG"
    ),
    3: "BHD IQD JOD KWD LYD OMN TND",
    4: "CLF UYW",
}
MINOR_UNIT_DIGITS: Final = {code: digits for digits, codes in _CODES_BY_DIGITS.items() for code in codes.split()}


def _iso_4217(code: str) -> str:
    if code not in MINOR_UNIT_DIGITS:
        raise ValueError(f"{code!r} is not an ISO 4217 currency code")
    return code


Currency = Annotated[
    str,
    Field(
        strict=True,
        pattern=r"^[A-Z]{3}$",
        description="ISO 4217 code",
        json_schema_extra={"format": "iso-4217"},
        examples=["USD"],
    ),
    AfterValidator(_iso_4217),
]

#: 2**53 - 1: the largest integer that every JSON reader keeps exact.
MinorUnits = Annotated[
    int,
    Field(
        strict=True,
        ge=0,
        le=2**53 - 1,
        description="integer minor units of the currency: cents for USD",
        examples=[49900],
    ),
]


def format_money(amount: int, currency: str) -> str:
    """`(49900, "USD")` as `USD 499.00`; `(500, "JPY")` as `JPY 500`."""
    digits = MINOR_UNIT_DIGITS[currency]
    sign, units = ("-" if amount < 0 else ""), str(abs(amount)).rjust(digits + 1, "0")
    whole, minor = (units[:-digits], f".{units[-digits:]}") if digits else (units, "")
    return f"{currency} {sign}{int(whole):,}{minor}"
