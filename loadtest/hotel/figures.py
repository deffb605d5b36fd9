"""What real hotel bookings look like, as aggregate figures.

Source: N. Antonio, A. de Almeida, L. Nunes, "Hotel booking demand datasets", Data in Brief 22 (2019) 41–49 (open
access): 119,390 bookings of a resort hotel and a city hotel in Portugal, July 2015 – August 2017. The numbers below
are shares, means and quantiles over all bookings unless said otherwise; no booking is reproduced.
"""

COUNTRIES: tuple[tuple[str, float], ...] = (
    ("PRT", 0.407), ("GBR", 0.102), ("FRA", 0.087), ("ESP", 0.072), ("DEU", 0.061), ("ITA", 0.032), ("IRL", 0.028),
    ("BEL", 0.020), ("BRA", 0.019), ("CHN", 0.019), ("NLD", 0.018), ("USA", 0.018), ("CHE", 0.015), ("AUT", 0.011),
    ("SWE", 0.009),
)  # fmt: skip
"""Country of origin and its share; the remaining 8 % come from 160 other countries and are left out."""

PARTIES: tuple[tuple[str, float], ...] = (("couple", 0.683), ("solo", 0.189), ("family", 0.078), ("group", 0.048))
"""Who travels: two adults, one adult, anyone with children or babies, three adults or more."""

NIGHTS: tuple[tuple[int, float], ...] = (
    (1, 0.176), (2, 0.232), (3, 0.227), (4, 0.146), (5, 0.065), (6, 0.032), (7, 0.073), (10, 0.027), (14, 0.015),
)  # fmt: skip
"""Length of stay; 10 stands for 8–11 nights and 14 for 12 and more."""

LEAD_LOG_MEAN = 3.840
LEAD_LOG_SD = 1.610
"""Mean and standard deviation of ln(1 + days booked ahead); the median is 69 days, the 90th percentile 265."""

RATE_LOG_MEAN = 4.545
RATE_LOG_SD = 0.445
"""Mean and standard deviation of ln(average daily rate in euro), rates 10 to 1,000; median 95, 95th percentile 194."""

PARTY_RATE: dict[str, float] = {"solo": 81.6, "couple": 98.0, "family": 154.4, "group": 153.1}
"""Mean daily rate in euro by party."""

MONTH_SHARE: tuple[float, ...] = (
    0.055, 0.072, 0.088, 0.087, 0.095, 0.085, 0.105, 0.115, 0.085, 0.092, 0.062, 0.059,
)  # fmt: skip
"""Share of arrivals that were kept (not cancelled) by month, January first."""

RESORT_RATE: tuple[float, ...] = (50.2, 55.4, 58.3, 77.6, 78.5, 109.9, 152.8, 183.7, 97.6, 63.6, 50.2, 71.5)
CITY_RATE: tuple[float, ...] = (84.4, 88.3, 92.0, 113.5, 123.2, 119.6, 117.9, 120.9, 115.5, 104.6, 89.2, 92.3)
"""Mean daily rate in euro by month of arrival, kept bookings: the resort hotel and the city hotel."""

REPEAT_SHARE = 0.032
REPEAT_SHARE_CORPORATE = 0.278
"""Share of bookings made by someone who had booked before: all, and the corporate segment."""

EARLIER_STAYS_OF_REPEATERS = 3.585
"""Mean number of earlier, not cancelled bookings of those who had booked before (quartiles 0, 1, 4; 99 % below 37)."""

CORPORATE_SHARE = 0.044
PARKING_SHARE = 0.062
"""Share of bookings in the corporate segment, and with a parking space."""
