"""Towns, streets, postal codes and telephone numbering of the five countries where customers live.

Numbers lie in valid national ranges; streets and codes are drawn at random, so an address is real only by accident.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa


@dataclass(frozen=True)
class Country:
    """One country: its towns as (town, region, start of the postal code, landline area code) and how it writes."""

    currency: str
    language: str
    tax_percent: int
    towns: tuple[tuple[str, str, str, str], ...]
    streets: tuple[str, ...]
    number_first: bool
    mobile_starts: tuple[str, ...]
    mobile_digits: int
    landline_digits: int
    formats: tuple[str, ...]
    legal_forms: tuple[str, ...]


# fmt: off
COUNTRIES: dict[str, Country] = {
    "US": Country(
        "USD", "en", 7,
        (("Springfield", "IL", "627", "217"), ("Portland", "OR", "972", "503"), ("Austin", "TX", "787", "512"),
        ("Columbus", "OH", "432", "614"),
         ("Denver", "CO", "802", "303"), ("Albany", "NY", "122", "518"), ("Tampa", "FL", "336", "813"), ("Madison",
         "WI", "537", "608"),
         ("Boise", "ID", "837", "208"), ("Richmond", "VA", "232", "804"), ("Fresno", "CA", "937", "559"),
         ("Worcester", "MA", "016", "508")),
        ("Maple Street", "Oak Avenue", "Elm Street", "Cedar Lane", "Washington Boulevard", "Lake Road",
        "Hillcrest Drive", "Sunset Avenue",
         "Church Street", "Park Avenue", "River Road", "Mill Lane", "Highland Avenue", "Meadow Drive",
         "Franklin Street", "Willow Court",
         "North Main Street", "Second Street", "Chestnut Street", "Juniper Drive", "Prospect Avenue", "Quarry Road",
         "Orchard Lane", "Bay Street"),
        True, ("2172", "5034", "5125", "6146", "3037", "5184", "8132", "6082", "2083", "8045", "5597", "5088",
        "3124", "4156", "6173"), 10, 10,
        ("+1 {0:3}-{3:6}-{6:}", "({0:3}) {3:6}-{6:}", "{0:3}.{3:6}.{6:}", "{0:}"),
        ("Inc.", "LLC", "Corp."),
    ),
    "GB": Country(
        "GBP", "en", 20,
        (("London", "Greater London", "SE", "20"), ("Leeds", "West Yorkshire", "LS", "113"), ("Manchester",
        "Greater Manchester", "M", "161"),
         ("Bristol", "Avon", "BS", "117"), ("Sheffield", "South Yorkshire", "S", "114"), ("Reading", "Berkshire",
         "RG", "118"),
         ("Leicester", "Leicestershire", "LE", "116"), ("Nottingham", "Nottinghamshire", "NG", "115")),
        ("High Street", "Station Road", "Church Lane", "Victoria Road", "Green Lane", "Manor Road", "Kings Road",
        "Queens Road", "Mill Road",
         "Park Road", "The Crescent", "Albert Road", "Grange Road", "Springfield Road", "North Road", "York Road",
         "St Johns Road", "Windsor Close",
         "Highfield Avenue", "Richmond Terrace"),
        True, ("71", "72", "73"), 10, 10,
        ("+44 {0:4} {4:}", "0{0:4} {4:}", "0{0:}", "0044 {0:}"),
        ("Ltd", "PLC", "LLP"),
    ),
    "DE": Country(
        "EUR", "de", 19,
        (("Berlin", "Berlin", "104", "30"), ("Hamburg", "Hamburg", "203", "40"), ("München", "Bayern", "803", "89"),
        ("Köln", "Nordrhein-Westfalen", "506", "221"),
         ("Leipzig", "Sachsen", "041", "341"), ("Nürnberg", "Bayern", "904", "911"), ("Münster",
         "Nordrhein-Westfalen", "481", "251"), ("Kassel", "Hessen", "341", "561")),
        ("Hauptstraße", "Bahnhofstraße", "Gartenstraße", "Schulstraße", "Lindenstraße", "Dorfstraße", "Bergstraße",
        "Goethestraße", "Schillerplatz",
         "Waldweg", "Am Mühlbach", "Ringstraße", "Kirchgasse", "Blumenweg", "Rosenstraße", "Jahnstraße",
         "Mozartstraße", "Wiesenweg", "Feldstraße", "Ahornallee"),
        False, ("157", "151", "160", "176"), 11, 10,
        ("+49 {0:3} {3:}", "0{0:3}/{3:}", "0{0:3} {3:}", "0049{0:}"),
        ("GmbH", "AG", "GmbH & Co. KG", "e.K."),
    ),
    "FR": Country(
        "EUR", "fr", 20,
        (("Paris", "Île-de-France", "750", "1"), ("Lyon", "Auvergne-Rhône-Alpes", "690", "4"), ("Nantes",
        "Pays de la Loire", "440", "2"),
         ("Lille", "Hauts-de-France", "590", "3"), ("Bordeaux", "Nouvelle-Aquitaine", "330", "5"), ("Rennes",
         "Bretagne", "350", "2")),
        ("rue de la République", "rue Victor Hugo", "avenue Jean Jaurès", "rue du Moulin", "place de l'Église",
        "rue des Écoles", "boulevard Pasteur",
         "rue de la Gare", "chemin des Vignes", "allée des Tilleuls", "rue Saint-Martin", "rue du Château",
         "impasse des Lilas", "quai de la Loire"),
        True, ("60", "61", "62", "63", "64", "66", "67"), 9, 9,
        ("+33 {0:1} {1:3} {3:5} {5:7} {7:}", "0{0:1} {1:3} {3:5} {5:7} {7:}", "0{0:1}.{1:3}.{3:5}.{5:7}.{7:}", "0{0:}"),
        ("SARL", "SA", "SAS"),
    ),
    "PL": Country(
        "PLN", "pl", 23,
        (("Warszawa", "mazowieckie", "00-", "22"), ("Kraków", "małopolskie", "30-", "12"), ("Gdańsk", "pomorskie",
        "80-", "58"), ("Wrocław", "dolnośląskie", "50-", "71"),
         ("Poznań", "wielkopolskie", "61-", "61"), ("Łódź", "łódzkie", "90-", "42")),
        ("ul. Polna", "ul. Leśna", "ul. Słoneczna", "ul. Krótka", "ul. Szkolna", "ul. Ogrodowa", "ul. Lipowa",
        "ul. Brzozowa", "ul. Łąkowa", "ul. Kwiatowa",
         "ul. Kościelna", "al. Niepodległości", "os. Piastów", "ul. Długa"),
        False, ("50", "51", "53", "60", "66", "69", "78", "79", "88"), 9, 9,
        ("+48 {0:3} {3:6} {6:}", "{0:3} {3:6} {6:}", "{0:3}-{3:6}-{6:}", "0048{0:}"),
        ("Sp. z o.o.", "S.A."),
    ),
}
# fmt: on

COUNTRY_CODES = tuple(COUNTRIES)
CODES_A_TOWN = 60


def _code(country: str, start: str, number: int) -> str:
    if country == "GB":
        letters = "ABDEFGHJLNPQRSTUWXYZ"
        return f"{start}{1 + number % 18} {1 + number % 9}{letters[number * 7 % 20]}{letters[number * 3 % 20]}"
    return f"{start}{number * 17 % 1000:03d}" if country == "PL" else f"{start}{number * 7 % 100:02d}"


@dataclass(frozen=True)
class Gazetteer:
    """Postal codes of every town end to end, streets of every country end to end, with where a country's lie."""

    town: pa.Array
    region: pa.Array
    postal_code: pa.Array
    area_code: pa.Array
    first_code: npt.NDArray[np.int64]
    code_count: npt.NDArray[np.int64]
    street: pa.Array
    first_street: npt.NDArray[np.int64]
    street_count: npt.NDArray[np.int64]


def _firsts(counts: list[int]) -> npt.NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)


@cache
def gazetteer() -> Gazetteer:
    """Every postal code and street the sample company delivers to."""
    codes = [
        (town, region, _code(code, start, number), area)
        for code, country in COUNTRIES.items()
        for town, region, start, area in country.towns
        for number in range(CODES_A_TOWN)
    ]
    town, region, postal_code, area_code = (pa.array(column, pa.string()) for column in zip(*codes, strict=True))
    code_counts = [len(country.towns) * CODES_A_TOWN for country in COUNTRIES.values()]
    street_counts = [len(country.streets) for country in COUNTRIES.values()]
    return Gazetteer(
        town, region, postal_code, area_code, _firsts(code_counts), np.array(code_counts, np.int64),
        pa.array([street for country in COUNTRIES.values() for street in country.streets], pa.string()),
        _firsts(street_counts), np.array(street_counts, np.int64),
    )  # fmt: skip
