"""A small oracle of the access rules: the mildest outcome that the general rules leave a product.

It is written from the article of March 2025, from sentences of the statutes and from general descriptions of the law, in
plain Python, and reads none of the policies. Where the law is contested or a fact has no plain answer it takes the mildest reading, and whoever holds a
valid license counts as a company with all that the license took. A decision that is milder than the oracle is therefore
wrong; a stricter one need not be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

ALLOW, NEEDS_LICENSE, DENY = range(3)
OUTCOMES = ("allow", "needs-license", "deny")
Data = Mapping[str, Any]

CLASSES = {
    **dict.fromkeys(("data-center", "cloud-infrastructure", "cloud-storage"), "IDC"), "cdn": "CDN",
    "domestic-ip-vpn": "VPN", "internet-access-users": "ISP users", "internet-access-operators": "ISP operators",
    "iot-platform": "EDI devices", "data-interchange": "EDI interchange", "conferencing": "multi-party",
    **dict.fromkeys(("e-mail", "voice-mail"), "store and forward"), "call-center": "call center",
    "app-store": "app store", "information-search": "search", "messaging": "messaging", "marketplace": "transaction",
    "community": "community",
    **dict.fromkeys(("fixed-network", "mobile-network", "satellite-service", "cross-border-line"), "basic"),
}  # fmt: skip
"""Classes of the offers that no commentary disputes."""
CODES = {
    "IDC": "B11", "CDN": "B12", "VPN": "B13", "ISP users": "B14-users", "ISP operators": "B14-operators",
    "EDI devices": "B21-device-data", "EDI interchange": "B21-interchange", "multi-party": "B22",
    "store and forward": "B23", "call center": "B24", "app store": "B25-app-store", "search": "B25-search",
    "messaging": "B25-messaging", "transaction": "B21-transaction", "community": "B25-community",
}  # fmt: skip
"""Class on a license."""
COMMITTED = {"EDI devices", "EDI interchange", "store and forward", "app store", "search", "messaging", "community"}
"""Within China's commitments of 2001, so open to half foreign ownership everywhere."""
FREE_SINCE = {
    "transaction": "2015-06-19",
    "multi-party": "2019-07-30",
    "store and forward": "2019-07-30",
    "call center": "2019-07-30",
}
"""Open without a cap in the whole country."""
ZONE_FREE = {"app store", "store and forward", "call center", "multi-party", "ISP users"}
"""Open without a cap in a free-trade zone since 2018-07-30 (in Shanghai since 2014)."""
PILOT = {"IDC", "CDN", "ISP users", "ISP operators", "EDI devices", "EDI interchange", "app store"}
"""Open without a cap in the Pilot, among the classes here."""
PILOT_PLACES = (
    {"beijing"},
    {"shanghai-pudong", "shanghai-lingang"},
    {"hainan"},
    {"shenzhen"},
)
SERVICES_PLACES = {
    *("beijing", "tianjin", "hainan", "shenyang", "nanjing", "hangzhou", "wuhan", "guangzhou", "chengdu", "dalian"),
    *("ningbo", "xiamen", "qingdao", "shenzhen", "hefei", "fuzhou", "xian", "suzhou", "chongqing"),
    *("shanghai-pudong", "shanghai-lingang", "shanghai-xuhui"),
}
"""Places of the pilot for the services sector of 2025-04-11."""
CLOSED_CONTENT = {"news", "publishing", "audiovisual", "performance", "game"}
CLOSED_OFFERS = {"news", "e-books", "video-sharing", "online-game", "film-television", "navigation-map"}
RELIGION_CLOSED = "2022-03-01"
"""Day from which religious information is closed to foreign investors."""
DRUGS_AT_HOME = "2022-12-01"
"""Day from which whoever sells drugs online is a licensed dealer in the mainland."""
ROOM_BOUND = {"IDC", "CDN"}
"""A license states the places of their machine rooms and nodes; customers may be anywhere."""
PROVINCES = {
    **dict.fromkeys(("shanghai-pudong", "shanghai-lingang", "shanghai-xuhui"), "shanghai"),
    **dict.fromkeys(("shenzhen", "guangzhou"), "guangdong"),
    **dict.fromkeys(("hangzhou", "ningbo"), "zhejiang"),
    "zhengzhou": "henan",
    "guiyang": "guizhou",
}
PERMITS = {
    "news": ("news-permit", "2017-06-01"),
    "video-sharing": ("audiovisual-permit", "2008-01-31"),
    "e-books": ("online-publishing-permit", "2016-03-10"),
    "online-game": ("online-publishing-permit", "2016-03-10"),
    "religion": ("religious-information-permit", RELIGION_CLOSED),
    "film-television": ("broadcast-production-permit", "2004-08-20"),
    "travel-packages": ("travel-agency-permit", "2013-10-01"),
    "payment": ("payment-permit", "2024-05-01"),
    "online-consultation": ("medical-practice-license", "2018-07-17"),
    "navigation-map": ("navigation-surveying-qualification", "2017-07-01"),
}
"""Permit without which nobody may run the business (未经许可，不得从事), with a day from which that is so."""
CONTROLLED_DRUGS_BARRED = "2019-12-01"
"""Drug Administration Law, art. 61: 疫苗、血液制品……不得在网络上销售."""
HIGH_RISK_DRUGS_BARRED = "2026-05-15"
"""Implementing Regulations, art. 46: 其他用药风险较高的药品，不得通过网络零售."""
NO_NEW_TUTORING = "2021-07-24"
"""各地不再审批新的面向义务教育阶段学生的学科类校外培训机构."""
DIRECT_SATELLITES = "2025-06-01"
"""Day of the provisions on satellite services direct to terminals: arts. 28 and 29."""
OUTBOUND_ASKED = {"beijing", "shanghai", "chongqing"}
"""Where some exception to art. 23 of the Travel Agency Regulations is told of."""
HOSPITALS_ASKED = {"beijing", "tianjin", "shanghai", "jiangsu", "fujian", "guangdong", "hainan"}
"""Where wholly foreign hospitals were opened in 2014, or are tried since 2024."""
NEAR = {"HK", "MO", "TW"}
PAYMENT_CHANGES = "2024-05-01"
"""Payment Regulations, art. 13: 变更主要股东或者实际控制人；……合并或者分立, with the approval of the central bank."""
SECURITY_REVIEW = "2021-01-18"
"""Measures for the Security Review of Foreign Investment, art. 4."""
READINGS = {"cloud-platform": ("IDC", "transaction")}
"""Classes of the offers that one commentator reads so and another otherwise: the mildest counts."""
LOCAL_IS_NATIONWIDE = {"app store", "search", "messaging", "community"}
"""Information services: a license of one province serves users in the whole country."""
ACCOUNTS = {"mini-program", "official-account"}
ACCOUNTS_ANNOUNCED = "2021-04-22"
"""Day on which an administration told that whoever does business by accounts on other platforms needs no license."""
COMPANIES = {"limited-company", "joint-stock-company"}


def judge(profile: Data, day: str) -> tuple[int, list[str]]:
    """Return the mildest outcome of a profile whose facts are all stated, with the reasons for what stops it."""
    outcome, reasons = ALLOW, []
    for service in profile["services"]:
        for found, reason in _judge_service(profile, {**profile["product"], **service}, day):
            outcome = max(outcome, found)
            if found != ALLOW:
                reasons.append(f"{service['id']}: {reason}")
    if day >= SECURITY_REVIEW and not _holds(profile["company"], "security-review-clearance", day):
        for deal in profile["deals"]:
            influence = deal["foreign_percent_after"] >= 50 or deal["foreign_influence"]
            foreign = deal["foreign_percent_after"] > 0 or deal["foreign_influence"]
            gained = influence and "foreign-control" in deal["holders_change"]
            if (foreign and "defense" in deal["sectors"]) or (gained and {*deal["sectors"]} - {"defense"}):
                outcome = max(outcome, NEEDS_LICENSE)
                reasons.append("a foreign investment that is declared for security review")
    return outcome, reasons


def _judge_service(profile: Data, service: Data, day: str) -> Iterator[tuple[int, str]]:
    company, partner, how = profile["company"], profile.get("partner"), service["operated_by"]
    operator = company if how == "company" else partner
    assert operator is not None
    share = operator["foreign_percent"]
    if how == "contract-controlled":
        share = max(share, company["foreign_percent"])
    targets = {"company": ("company",), "partner": ("partner",)}.get(how, ("company", "partner"))
    share = max([share, *(deal["foreign_percent_after"] for deal in profile["deals"] if deal["target"] in targets)])
    if service["audience"] == "own-group" or _is_abroad(service, operator):
        return
    content = CLOSED_CONTENT & set(service["content"]) or CLOSED_OFFERS & set(service["offers"])
    if share > 0 and content:
        yield DENY, f"closed content {sorted(content)}"
    if share > 0 and "religion" in service["offers"] and day >= RELIGION_CLOSED:
        yield DENY, "religion is closed"
    supplied_here = not set(service["area"]) <= {"overseas"}
    if not operator["mainland_entity"] and "saas" in service["offers"] and supplied_here:
        yield DENY, "software from abroad without a company in the mainland"
    own_drugs = "drug-sale" in service["offers"] and "own-goods" in service["sells"]
    if own_drugs and not operator["mainland_entity"] and day >= DRUGS_AT_HOME:
        yield DENY, "drugs from abroad"
    yield from _judge_sector(profile, service, operator, share, day)
    if service["hosting"] == "overseas" and set(service["area"]) <= {"overseas"}:
        return  # no telecommunications within the borders: 在中华人民共和国境内从事电信活动
    for offer in sorted(READINGS.keys() & set(service["offers"])):
        readings = [list(_judge_class(company, operator, service, share, cls, day)) for cls in READINGS[offer]]
        yield min((max(found, default=(ALLOW, "")) for found in readings), key=lambda found: found[0])
    for cls in sorted({CLASSES[offer] for offer in service["offers"] if offer in CLASSES}):
        if cls == "transaction" and _is_free_account(profile, service, operator, day):
            continue
        for found, reason in _judge_class(company, operator, service, share, cls, day):
            yield found, f"{cls}: {reason}"


def _is_free_account(profile: Data, service: Data, operator: Data, day: str) -> bool:
    """Return whether an administration answered that deals by accounts on platforms of others need no license."""
    answered = any(
        one["about"] == "class" and one["service"] == service["id"] and one["classes"] == [] and one["date"] <= day
        for one in profile.get("opinions", ())
    )
    borrowed = day >= ACCOUNTS_ANNOUNCED and set(service["channels"]) <= ACCOUNTS
    return answered and borrowed and operator["mainland_entity"]


def _judge_sector(profile: Data, service: Data, operator: Data, share: float, day: str) -> Iterator[tuple[int, str]]:
    """Yield what the laws of sectors say of a service that is not all abroad."""
    offers = set(service["offers"])
    for offer in sorted(offers & PERMITS.keys()):
        permit, since = PERMITS[offer]
        if day >= since and not _holds(operator, permit, day):
            yield (DENY if service["operated_by"] == "partner" else NEEDS_LICENSE), f"{offer} without its permit"
    if "drug-sale" in offers:
        yield from _judge_drugs(service, day)
    approved = any(one["instrument"] == "school-tutoring-approval" for one in operator["licenses"])
    if "school-tutoring" in offers and day >= NO_NEW_TUTORING and not approved:
        yield DENY, "no new institution is approved"
    if "satellite-service" in offers and service["direct_to_terminals"] and day >= DIRECT_SATELLITES:
        yield from _judge_satellites(service)
    if "travel-packages" in offers and "outbound-travel" in service["features"]:
        yield from _judge_outbound(operator, share, day)
    if "online-consultation" in offers and share > 70 and day >= "2018-07-17":
        yield from _judge_hospital(profile["company"], operator, service["operated_by"], share)
    if "payment" in offers and day >= PAYMENT_CHANGES and _holds(operator, "payment-permit", day):
        mine = [deal for deal in profile["deals"] if deal["target"] == service["operated_by"]]
        changes = any(deal["holders_change"] for deal in mine)
        if changes and not _holds(operator, "payment-change-approval", day):
            yield NEEDS_LICENSE, "a payment institution changes hands without approval"


def _judge_drugs(service: Data, day: str) -> Iterator[tuple[int, str]]:
    if "specially-controlled" in service["drugs"] and day >= CONTROLLED_DRUGS_BARRED:
        yield DENY, "drugs that nobody sells online"
    if "high-risk" in service["drugs"] and service["audience"] == "public" and day >= HIGH_RISK_DRUGS_BARRED:
        yield DENY, "drugs that nobody sells online to persons"


def _judge_satellites(service: Data) -> Iterator[tuple[int, str]]:
    if set(service["area"]) <= {"overseas"}:
        return
    if "foreign" in service["satellites"]:
        yield DENY, "satellites of a foreign body without approval"
    if service["hosting"] == "overseas" or set(_sites(service)) == {"overseas"}:
        yield DENY, "ground facilities or data abroad"
    if "overseas" in service["area"] and not service["through_gateway"]:
        yield DENY, "international traffic past the approved gateways"


def _judge_outbound(operator: Data, share: float, day: str) -> Iterator[tuple[int, str]]:
    if _holds(operator, "outbound-travel-permit", day):
        return
    yield NEEDS_LICENSE, "outbound travel without its permit"
    if "travel-agency-two-years" not in operator["certificates"]:
        yield DENY, "two years with a permit come before outbound travel"
    near = {"HK", "MO"} & set(operator["investor_origin"])
    excepted = near or operator["registered"]["ftz"] != "none" or _province(operator) in OUTBOUND_ASKED
    if share >= 100 and not excepted:
        yield DENY, "a wholly foreign agency sells outbound travel"


def _judge_hospital(company: Data, operator: Data, how: str, share: float) -> Iterator[tuple[int, str]]:
    entities = (operator, company) if how == "contract-controlled" else (operator,)
    origins = {origin for entity in entities for origin in entity["investor_origin"]}
    from_afar = origins - NEAR - {"CN"} or not origins & NEAR
    uncertified = any(
        {"HK", "MO"} & set(entity["investor_origin"])
        and (
            "cepa-supplier" not in entity["certificates"]
            or ("TW" not in origins and entity["supplier_percent"] < share)
        )
        for entity in entities
    )
    if (from_afar or uncertified) and _province(operator) not in HOSPITALS_ASKED:
        yield DENY, "the Chinese side of a joint hospital holds 30 percent"


def _certified(entity: Data, places: set[str]) -> bool:
    """Return True if the foreign investors are certified suppliers of these places, as far as origins can tell."""
    foreign = set(entity["investor_origin"]) - {"CN"}
    return bool(foreign) and foreign <= places and "cepa-supplier" in entity["certificates"]


def _province(entity: Data) -> str:
    at: str = entity["registered"]["at"]
    return PROVINCES.get(at, at)


def _holds(entity: Data, instrument: str, day: str) -> bool:
    return any(one["instrument"] == instrument and one["valid_until"] >= day for one in entity["licenses"])


def _judge_class(
    company: Data, operator: Data, service: Data, share: float, cls: str, day: str
) -> Iterator[tuple[int, str]]:
    how, licensed = service["operated_by"], _is_licensed(operator, service, cls, day)
    if not operator["mainland_entity"]:
        yield DENY, "no company in the mainland"
    elif operator["legal_form"] not in COMPANIES and not licensed:
        yield DENY, "the operator is no company"
    if how != "company" and company["foreign_percent"] > 0 and service["customer_contract"] == "company":
        yield DENY, "the foreign side signs on the license of its partner"
    if how == "contract-controlled" and company["foreign_percent"] > 0:
        yield DENY, "control by contract"
    if how == "partner" and not licensed:
        yield DENY, "the partner holds no license for it"
    if cls == "basic":
        if share > 49 or operator["state_percent"] < 51:
            yield DENY, "a basic operator is state-controlled"
        if "cross-border-line" in service["offers"] and not licensed:
            yield DENY, "gateways are those of the carriers"
    reaches_abroad = {"overseas"} < set(service["area"])
    if cls == "VPN" and reaches_abroad and not service["through_gateway"]:
        yield DENY, "a network reaches abroad past the approved gateways"
    if cls != "basic" and share > 0 and not any(_open_ways(company, service, operator, share, cls, day)):
        yield DENY, f"no way for a share of {share}"
    if not licensed:
        yield from _judge_applicant(service, operator, cls)
        yield NEEDS_LICENSE, "no license"


def _judge_applicant(service: Data, operator: Data, cls: str) -> Iterator[tuple[int, str]]:
    """Yield the conditions of the licensing measures that an applicant breaks."""
    one_province = len(_provinces(service["area"])) <= 1
    local = one_province or cls in LOCAL_IS_NATIONWIDE
    if cls != "basic" and operator["registered_capital_rmb"] < (1_000_000 if local else 10_000_000):
        yield DENY, "capital"
    if operator["discredited"]:
        yield DENY, "discredited"
    if cls != "basic" and operator["lacking_means"]:
        yield DENY, "means to operate"


def _open_ways(company: Data, service: Data, operator: Data, share: float, cls: str, day: str) -> Iterator[str]:
    """Yield the ways by which a foreign-invested operator may come to a license."""
    capped = share <= 50
    if cls in COMMITTED and capped:
        yield "general list"
    if day >= FREE_SINCE.get(cls, "9999-12-31"):
        yield "general list, no cap"
    zone = operator["registered"]["ftz"]
    in_zone = zone != "none" and (day >= "2018-07-30" or "shanghai" in zone)
    same_zone = all(facility.get("ftz") not in (None, "none") for facility in service["facilities"])
    if in_zone and same_zone and (cls in ZONE_FREE or (cls == "VPN" and capped)):
        yield "free-trade zone"
    behind = service["operated_by"] == "contract-controlled" and company["foreign_percent"] > 0
    # the agreement frees no share of others, and no control by contracts
    if _certified(operator, {"HK", "MO"}) and operator["supplier_percent"] >= share and not behind:
        if cls in {"IDC", "VPN"} and capped:
            yield "CEPA"
        if cls in {"multi-party", "store and forward", "call center", "ISP users", "app store"}:
            yield "CEPA"
        if day >= "2025-03-01":
            yield "CEPA, second amendment, whose schedule nobody here has read"
    yield from _ways_of_place(service, operator["registered"]["at"], capped, cls, day)


def _ways_of_place(service: Data, at: str, capped: bool, cls: str, day: str) -> Iterator[str]:
    """Yield the ways that a seat in Hainan, in a pilot place or in a city of the services pilot opens."""
    if at == "hainan" and day >= "2021-02-01":
        here = all(place in {"hainan", "overseas"} for place in (*_sites(service), *service["area"]))
        if cls in {"EDI devices", "EDI interchange"} or (cls in {"IDC", "CDN"} and here):
            yield "Hainan list"
    if cls in PILOT and day >= "2024-10-23":
        for places in PILOT_PLACES:
            local = cls not in {"ISP users", "ISP operators"} or (
                service["through_basic_carrier"] and all(area in places for area in service["area"])
            )
            nodes = {"overseas"} if "overseas" in service["area"] else set()  # for users there: contested
            same = at in places and all(site in places | nodes for site in _sites(service))
            if same and local and not service["rents_outside_region"]:
                yield "Pilot"
    opened = cls in {"ISP users", "app store"} or (cls == "VPN" and capped)
    if opened and day >= "2025-04-11" and at in SERVICES_PLACES:
        yield "services pilot"
    if opened and day >= "2021-10-18" and at == "beijing":
        yield "Beijing"


def _is_licensed(operator: Data, service: Data, cls: str, day: str) -> bool:
    if cls == "basic":
        return any(one["instrument"] == "basic-license" for one in operator["licenses"])
    launched = day >= "2024-10-23" and any(operator["registered"]["at"] in places for places in PILOT_PLACES)
    for license in operator["licenses"]:
        if license["instrument"] not in ("vats-license", "pilot-approval"):
            continue
        current = license["valid_until"] >= day and CODES[cls] in license["classes"]
        served = {"guangdong" if place == "shenzhen" else place for place in service["area"]} - {"overseas"}
        if cls in ROOM_BOUND:
            served = {PROVINCES.get(site, site) for site in _sites(service)} - {"overseas"}
        covers = cls in LOCAL_IS_NATIONWIDE or served <= {*license["area"]} or "china" in license["area"]
        if license["instrument"] == "pilot-approval":
            covers = launched and cls in PILOT | {"transaction"}
        if current and covers:
            return True
    return False


def _is_abroad(service: Data, operator: Data) -> bool:
    """Return whether company, hosting and users are all abroad."""
    outside = set(service["area"]) <= {"overseas"} and service["hosting"] == "overseas"
    return outside and not operator["mainland_entity"]


def _sites(service: Data) -> list[str]:
    return [facility["at"] for facility in service["facilities"]]


def _provinces(area: list[str]) -> set[str]:
    return {place for place in area if place != "overseas"} if "china" not in area else {"china", "more than one"}
