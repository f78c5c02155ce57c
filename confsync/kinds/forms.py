"""How the server changes texts on the way in: docs/development/objects.md, section 2.5.

A schema says little of it. `FORMS`: by type and field, by field, or by the format of the schema;
all other texts are trimmed. `URLS`: fields with texts that hold URLs, as their format does not
say. `SHORT`: the field that a scalar stands for, by type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.sync.shape import Form

FORMS: Mapping[str, Form] = {
    "CalendarAlarm/fromEmail": "email",
    "Expression/else": "exact",
    "ExpressionMatch/if": "exact",
    "ExpressionMatch/then": "exact",
    "MailExchanger/hostname": "host",
    "ReportSettings/outboundReportDomain": "domain",
    "Service/hostname": "host",
    "SieveUserInterpreter/defaultSubjectPrefix": "exact",
    "SystemSettings/defaultHostname": "host",
    "SystemSettings/providerInfo": "exact",
    "filePath": "exact",
    "variableName": "exact",
    "html": "exact",
    "text": "exact",
    "ipAddress": "address",
    "ipNetwork": "network",
}

URLS = frozenset({"Asn/asnUrls", "Asn/geoUrls", "Coordinator/addresses"})

RESTARTED = frozenset(
    {
        *("BlobStore", "Cache", "Coordinator", "DataStore", "InMemoryStore", "MetricsStore"),
        *("SearchStore", "TracingStore"),
    }
)
"""The objects that a server reads when it starts; all others are read again by ReloadSettings:
docs/development/objects.md, section 3.
"""

LOCKS_OUT = frozenset({"InMemoryStore"})
"""The objects with which a wrong setting locks out every remote client at the restart."""

SHORT: Mapping[str, str] = {"Expression": "else"}
