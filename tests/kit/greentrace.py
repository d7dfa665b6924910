"""The reports of ACR's old platform as the feeds of its new one state the same: made-up feeds of the events of the samples."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

EASTERN = ZoneInfo("America/New_York")
Rows = list[dict[str, str]]


def feeds_of(drop: Path) -> dict[str, str]:
    """The four feeds of the events in the reports of a drop, by table. Rows that cannot be read are in none of them."""
    reports = {path.stem: list(csv.DictReader(path.open(encoding="utf-8-sig"))) for path in drop.glob("*.csv")}
    return {
        "projects": envelope("projects", [project(row, reports["issuances"]) for row in whole(reports["projects"])]),
        "issuances": envelope("issuedCredits", [b for row in whole(reports["issuances"]) for b in blocks(row)]),
        "retirements": envelope("retiredCredits", [retirement(row) for row in whole(reports["retirements"])]),
        "cancellations": envelope("cancelledCredits", [cancellation(row) for row in whole(reports["cancellations"])]),
    }


def envelope(dataset: str, rows: list[dict]) -> str:
    """What the platform answers: the rows, and how many there are."""
    return json.dumps({"datasets": {dataset: {"rows": rows, "totalCount": len(rows)}}}, indent=1)


def whole(rows: Rows) -> Rows:
    """The rows that name a project, once each, with a quantity that can be."""
    seen: set[tuple] = set()
    kept = []
    for row in rows:
        cells = tuple(row.values())
        tonnes = row.get("Total Credits Issued") or row.get("Quantity of Credits") or "1"
        if row["Project ID"].startswith("ACR") and tonnes.isdigit() and int(tonnes) > 0 and cells not in seen:
            seen.add(cells)
            kept.append(row)
    return kept


def padded(project: str) -> str:
    """The id with its number in at least four digits."""
    return f"ACR{int(project.removeprefix('ACR')):04d}"


def instant(row: dict[str, str], *names: str) -> datetime:
    """When something was, as the report states it in GMT."""
    text = next(row[name] for name in names if name in row)
    form = "%m/%d/%Y %I:%M:%S %p" if ":" in text else "%m/%d/%Y"
    return datetime.strptime(text, form).replace(tzinfo=UTC)


def project(row: dict[str, str], issuances: Rows) -> dict:
    """A project of the list."""
    credits = sum(int(r["Total Credits Issued"]) for r in whole(issuances) if r["Project ID"] == row["Project ID"])
    return {
        "projectId": padded(row["Project ID"]), "projectKey": f"P{row['Project ID']}", "projectName": row["Project Name"],
        "projectStatus": status(row),
        "projectMethodology": row["Project Methodology/Protocol"], "projectType": row["Project Type"],
        "projectDeveloper": row["Project Developer"], "creditingProgram": "ACR", "country": row["Project Site Country"],
        "issuedCredits": credits,
    }  # fmt: skip


def status(row: dict[str, str]) -> str:
    """The one word of the feed for the two statuses of the report."""
    compliance = row["Compliance Program Status (ARB or Ecology)"]
    text = row["Voluntary Status"] if compliance in ("", "Not ARB or Ecology Eligible") else compliance
    words = {"Completed": "COMPLETED", "Inactive": "INACTIVE", "Terminated": "TERMINATED", "Transferred": "TERMINATED"}
    return next((word for part, word in words.items() if part in text), "ACTIVE")


def block(row: dict[str, str]) -> dict:
    """What all ledgers say of a block."""
    return {
        "projectReferenceId": padded(row["Project ID"]), "projectName": row["Project Name"],
        "projectTypeName": row["Project Type"], "developerProfileName": row.get("Project Developer"),
        "projectSiteLocationCountry": row["Project Site Country"], "vintage": row["Vintage"], "isReserve": False,
        "issuanceVintageStartDate": vintage_start(row),
        "corsiaEligible": row.get("CORSIA Eligible") == "Yes", "registryLabels": labels(row),
    }  # fmt: skip


def vintage_start(row: dict[str, str]) -> str | None:
    """The first day of the vintage period; the feed does not state the last."""
    text = row.get("ReportingPeriodBegin") or row.get("Vintage Assignment Period Start Date")
    return datetime.strptime(text, "%m/%d/%Y").date().isoformat() if text else None


def labels(row: dict[str, str]) -> list[dict] | None:
    """The labels of a block, and one of a goal, which is none."""
    named = [name for name in row if name.startswith("Eligible for CORSIA") and row[name] == "Yes"]
    goals = ["SDG-13 : Climate Action"] if row.get("Sustainable Development Goal(s)") else []
    return [{"registryLabelKey": name, "registryLabelDisplayName": name} for name in [*named, *goals]] or None


def blocks(row: dict[str, str]) -> list[dict]:
    """An issuance as two blocks, of a tenth and of the rest."""
    tonnes, day = int(row["Total Credits Issued"]), instant(row, "Date Issued (GMT)", "Date Issued")
    parts, start = [], 1
    for number, part in enumerate((tonnes // 10, tonnes - tonnes // 10), 1):
        key = f"ACR-US-{row['Project ID'].removeprefix('ACR')}-{row['Vintage']}-{number}"
        parts.append(
            block(row)
            | {
                "holdingSerialNumber": f"{key}-{start} to {start + part - 1}", "holdingQuantity": part,
                "issuanceKey": f"I{row['Project ID']}{row['Vintage']}", "issuanceQuantity": tonnes,
                "issuanceDate": day.astimezone(EASTERN).date().isoformat(), "isReserve": None,
                "corsiaEligible": None, "registryLabels": None,
            }
        )  # fmt: skip
        start += part
    return [part for part in parts if part["holdingQuantity"]]


def ended(row: dict[str, str]) -> dict:
    """A block that was retired or cancelled."""
    effective = instant(row, "Status Effective (GMT)", "Status Effective  (GMT)").astimezone(EASTERN)
    return block(row) | {
        "holdingSerialNumber": row["Credit Serial Numbers"], "holdingQuantity": int(row["Quantity of Credits"]),
        "holdingStatusEffectiveTimestamp": effective.isoformat(), "accountHolderProfileName": row["Account Holder"],
        "issuanceDate": instant(row, "Date Issued (GMT)").astimezone(EASTERN).date().isoformat(),
    }  # fmt: skip


def retirement(row: dict[str, str]) -> dict:
    """A retirement; one reason is worded otherwise, as the move to the new platform reworded it."""
    reworded = {"On Behalf of Third Party": "Environmental Benefit"}
    reason = row["Retirement Reason"]
    return ended(row) | {
        "retirementReasonDisplayName": reworded.get(reason, reason), "retirementPurpose": row["Purpose of Retirement"],
        "retirementOnBehalfOfName": row["Retired on Behalf of"] or None,
    }  # fmt: skip


def cancellation(row: dict[str, str]) -> dict:
    """A cancellation."""
    return ended(row) | {"cancellationReasonDisplayName": row["Cancellation Type"]}
