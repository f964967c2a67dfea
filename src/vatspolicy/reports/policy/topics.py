"""Names of the topics of policies."""

from __future__ import annotations

from collections.abc import Mapping

from vatspolicy.profile.vocabulary import LocalizedText

TOPICS: Mapping[str, LocalizedText] = {
    "telecom": {"en": "Telecommunications", "zh": "电信业务"},
    "foreign-investment": {"en": "Foreign investment", "zh": "外商投资"},
    "zones": {"en": "Zones and pilots", "zh": "试点与自贸区"},
    "cross-border": {"en": "Cross-border supply and data", "zh": "跨境提供与数据出境"},
    "partner": {"en": "Partners", "zh": "合作方"},
    "internet-filing": {"en": "Internet filings", "zh": "互联网备案"},
    "content": {"en": "Content", "zh": "内容"},
    "platforms": {"en": "Platforms", "zh": "平台"},
    "cybersecurity": {"en": "Cybersecurity", "zh": "网络安全"},
    "data": {"en": "Data and personal information", "zh": "数据与个人信息"},
    "ai": {"en": "Algorithms and AI", "zh": "算法与人工智能"},
    "vehicles": {"en": "Vehicles", "zh": "汽车"},
    "devices": {"en": "Devices", "zh": "设备"},
    "health": {"en": "Health", "zh": "医药健康"},
    "finance": {"en": "Finance", "zh": "金融"},
    "sectors": {"en": "Other sectors", "zh": "其他行业"},
    "deals": {"en": "Deals", "zh": "交易并购"},
    "definitions": {"en": "Shared definitions", "zh": "共用定义"},
}
"""In the order of the index: access first."""
