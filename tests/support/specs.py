"""Two small specs, and the day on which tests decide them."""

from __future__ import annotations

TODAY = "2026-06-01"

SHOP = """\
schema: 2
product: {id: shop, title: A shop, launch: '2027-01-31'}
company: {foreign_percent: 0, foreign_percent_basis: ultimate, mainland_entity: true, discredited: []}
services:
  - id: web
    offers: [own-shop]
    sells: [own-goods]
    features: []
    charges: []
    content: []
    audience: public
    operated_by: company
"""
"""Allowed."""

HOSTING = """\
schema: 2
product: {id: hosting, title: Hosting in Lin-gang, launch: '2027-01-31'}
company:
  legal_form: limited-company
  lacking_means: []
  foreign_percent: 100
  foreign_percent_basis: ultimate
  mainland_entity: true
  registered: shanghai-lingang
  discredited: []
services:
  - id: cloud
    offers: [data-center]
    audience: business
    operated_by: company
    area: [china]
    facilities: [shanghai-lingang]
    rents_outside_region: false
    hosting: mainland
"""
"""Needs a license; `services.0.facilities=[chengdu]` makes it a denial, `company.foreign_percent=` incomplete."""

DENIED = """\
schema: 2
product: {id: denied, launch: '2027-03-01'}
company:
  foreign_percent: 100
  foreign_percent_basis: ultimate
  mainland_entity: true
  legal_form: limited-company
  investor_origin: [US]
  registered: {at: chengdu, ftz: none}
  registered_capital_rmb: 20000000
  lacking_means: []
  discredited: []
  certificates: []
  licenses: []
services:
  - id: s
    offers: [data-center]
    operated_by: company
    audience: public
    channels: [website]
    hosting: mainland
    charges: []
    sells: []
    content: []
    features: []
    area: [china]
    facilities: [chengdu]
    rents_outside_region: false
data: {persons: 0, sensitive: false, minors: 0, leaves_mainland: false, important: false, ciio: false}
"""
"""A data center in Chengdu of a company that foreigners own: denied by the shipped law, with every fact stated."""
