"""`BeneficiaryReader`: each step of the reading, each language's phrases, hostile texts, and how spellings are joined."""

from __future__ import annotations

import shutil
import time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbon_assets.base.configs import ConfigError
from carbon_assets.beneficiaries.reader import BeneficiaryReader, Reading, join_spellings
from tests.kit.building import CONFIGS

READER = BeneficiaryReader(CONFIGS)
THIRD_PARTY = "On Behalf of Third Party"


def names(beneficiary: str = "", note: str = "", account: str = "", reason: str = "") -> tuple[str, ...]:
    return READER.read(account, beneficiary, note, reason).names


# --- the beneficiary cell ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("Bayer AG", "Bayer AG"),
        ("bloobloom", "bloobloom"),
        ("salty aura", "salty aura"),
        ("Johnson & Johnson", "Johnson & Johnson"),
        ("Smith and Jones LLP", "Smith and Jones LLP"),
        ("Smith, Jones and Brown LLP", "Smith, Jones and Brown LLP"),
        ("Bain & Company", "Bain & Company"),
        ("Kuehne+Nagel Management AG", "Kuehne+Nagel Management AG"),
        ("Tour House", "Tour House"),
        ("Raritan Valley Community College", "Raritan Valley Community College"),
        ("PETSTAR S.A.P.I. DE C.V.", "PETSTAR S.A.P.I. DE C.V."),
        ("TAV ANKARA A.S. - Reporting Period: 01.01.2025-31.12.2025", "TAV ANKARA A.S."),
        ("VMadeleine Ltd. ASN6326", "VMadeleine Ltd."),
        ("Northam CCPF Tenco (BTS) Limited c/o Northam Realty Advisors Limited", "Northam CCPF Tenco (BTS) Limited"),
        ("Energizar S.A.S, NIT: 830.095.617-2", "Energizar S.A.S"),
        ("BIOMAX SA identificada con 830.136.799-", "BIOMAX SA"),
        ("SWIFT SC, also known as 'Swift'", "SWIFT SC"),
        ("Aturto ,Itanagar, Arunachal Pradesh, India", "Aturto"),
        ("Emergent retiring on behalf of Chanel", "Chanel"),
        (
            "Credits retired on behalf of the International Monetary Fund to manage its impact in CY25.",
            "International Monetary Fund",
        ),
        ("United Parcel Service, Inc. and its customers", "United Parcel Service, Inc."),
        ("Society for Worldwide Telecommunication SC", "Society for Worldwide Telecommunication SC"),
        ("Nestlé - Evento JVC", "Nestlé"),
        ("Omega Steel - Sustainable Bond 2019 Q3", "Omega Steel"),
        ("Omega GmbH, Flughafenstraße 20, 63263 Neu-Isenburg", "Omega GmbH"),
        ("Omega GmbH, Berlin", "Omega GmbH"),
        ("Omega AG air emissions 2023", "Omega AG"),
        ("Omega Ltd products", "Omega Ltd"),
        ("Omega Inc Scope 3", "Omega Inc"),
        ("Omega Ltd. and subsidiaries", "Omega Ltd."),
        ("Omega Ltd. (including subsidiaries)", "Omega Ltd."),
        ("Eric Smith and family", "Eric Smith"),
        ("2022 Omega", "Omega"),
        ("Natura Cosméticos S/A / Av. Alexandre Colares, 1.188 - Vila Jaguara", "Natura Cosméticos S/A"),
        ("StÃ¤dtische Werke AG", "Städtische Werke AG"),
        ("University of California, Los Angeles", "University of California, Los Angeles"),
    ],
)
def test_a_cell_that_is_a_name_names(cell, name):
    read = READER.read("", cell, "", "")
    assert read.names == (name,)
    assert read.basis == "beneficiary"
    assert read.confidence >= 0.9


@pytest.mark.parametrize(
    "cell",
    [
        "N/A", "n.a.", "-", "_", "...", "Not public", "Not Disclosed", "NOT DISCLOSED.", "Anonymous", "Environmental Benefit", "Beneficio Ambiental",
        "on behalf of third party", "our customers", "Third parties", "2024", "01/02/2024", "12,500", "GP-4", "GP1", "No owner - contributing towards global emissions",
        "indigo passengers", "Tradewater’s Individual Retail Customers", "VistaJet clients", "On behalf of a Patch buyer", "On Behalf of Nobody",
        "The CO2e emissions associated with the Summer Show have been offset", "Compensação de emissões", "😀😀😀", "GP - 1", "Colombia", "bob@omega.com", "www.omega.com", "碳中和",
        "PrimaKlima Ökostromtarife 2021-eprimo", "Portland General Electric Port Westward Facility", "Katingan Mentaya Project", "Flight from LA to NY",
        "Mr. and Mrs. Smith", "Alpha, Beta, Gamma", "Netjets Inc. Owners", "Cloverly Partners", "In memory of John Smith", "See details",
        "Westlink Building located at 8 Siu Lang Shui Road", "https://stripe.com/climate/orders",
    ],
)  # fmt: skip
def test_a_cell_that_names_nobody_stays_unnamed(cell):
    assert READER.read("", cell, "", "") == Reading()


@pytest.mark.parametrize(
    ("cell", "listed"),
    [
        ("Foo Inc. and Bar LLC", ("Foo Inc.", "Bar LLC")),
        ("Foo; Bar", ("Foo", "Bar")),
        ("Corsan / Aegea", ("Corsan", "Aegea")),
        ("Alpha Foods, Beta Drinks and Gamma Farms", ("Alpha Foods", "Beta Drinks", "Gamma Farms")),
        ("Sarah Matte and Hunter Brooks", ("Sarah Matte", "Hunter Brooks")),
        (
            "Plansee Holding AG and its wholly owned subsidiaries Ceratizit Group and Plansee HPM",
            ("Plansee Holding AG", "Ceratizit Group", "Plansee HPM"),
        ),
        ("Meta and Disney", ("Meta", "Disney")),
        (
            "Delta Airlines & Bill & Melinda Gates Foundation",
            ("Delta Airlines", "Bill & Melinda Gates Foundation"),
        ),
        (
            "CPC Corporation, Taiwan and Marubeni Corporation, Japan",
            ("CPC Corporation, Taiwan", "Marubeni Corporation, Japan"),
        ),
        ("Foo Ltd, Bar Ltd, Baz Ltd", ("Foo Ltd", "Bar Ltd", "Baz Ltd")),
        ("Foo Ltd + Bar Ltd", ("Foo Ltd", "Bar Ltd")),
        ("Foo Ltd/Bar Ltd", ("Foo Ltd", "Bar Ltd")),
    ],
)
def test_several_users_are_all_listed(cell, listed):
    assert names(cell) == listed


@pytest.mark.parametrize(
    ("beneficiary", "note"),
    [
        ("Turkcell A.Ş. ve Türkiye’de faaliyet gösteren diğer şirketler", ""),
        ("Turkcell A.Ş. and others", ""),
        ("Turkcell A.Ş. et al", ""),
        ("", "Retired on behalf of Turkcell A.Ş. and other companies to offset emissions of 2025"),
        ("", "Retired on behalf of Turkcell A.Ş. ve Türkiye’de faaliyet gösteren diğer şirketler to offset emissions"),
    ],
)
def test_one_user_among_unnamed_others_is_listed_but_not_the_one_user(beneficiary, note):
    read = READER.read("", beneficiary, note, "")
    assert read.names == ("Turkcell A.Ş.",)
    assert read.user is None


def test_a_broker_in_the_cell_is_no_user_unless_a_text_says_so():
    assert names("South Pole") == ()
    assert names("Patch", "Retired on behalf of Patch’s customers and/or their end users") == ()
    assert names("Patch", "Retired on behalf of Marsh") == ("Marsh",)
    assert names("Cloverly", "Cloverly for 2025 Emissions") == ("Cloverly",)


def test_the_client_of_a_cell_is_the_one_whom_the_note_names():
    assert names("4AIR Client", "on behalf of Omega Jets") == ("Omega Jets",)
    assert names("Omega Jets clients", "on behalf of Omega Jets") == ()


def test_credits_that_became_tokens_were_used_by_nobody():
    assert names("Omega Steel", "tokenized on transaction 0x333c75") == ()


def test_what_the_note_says_of_customers_counts_against_the_cell():
    assert names("Acme Airlines", "Retired on behalf of Acme Airlines customers") == ()


def test_a_note_that_names_quite_another_makes_both_doubtful():
    assert names("Alpha Trading", "Retired on behalf of Omega Steel") == ()
    assert names("E.H.L. Holding SA", "Retired on behalf of EHL") == ("E.H.L. Holding SA",)
    assert names("DBS Bank Ltd", "Retired on behalf of DBS Bank for DBS Newton Green") == ("DBS Bank Ltd",)


# --- what is doubtful stays unnamed ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "listed"),
    [
        ("Norrwind/Sudwind", ("Norrwind", "Sudwind")),
        ("Brightwater and Solmar", ()),
        ("Brightwater y Solmar", ()),
        ("Lefebvre et Moreau", ()),
        ("Kessler und Brandt", ()),
        ("Akdeniz Enerji ve Gıda", ()),
        ("Brightwater + Solmar", ()),
        ("Solmar Foods & Luna Drinks", ()),
        ("Solmar Foods and Luna Drinks Ltd", ()),
        ("Solmar Foods Ltd and Luna Drinks", ()),
        ("Tamarind Cafe, PT Daun Segar Abadi", ()),
        ("Solmar Foods, Luna Drinks", ()),
        ("Solmar Foods with Luna Drinks", ()),
        ("Solmar Foods x Luna Drinks", ()),
        ("Solmar Foods as trustee for Luna Drinks", ()),
        ("Solmar Foods - Luna Drinks", ()),
        ("Solmar Foods - Luna Drinks Ltd", ()),
        ("Luna Group: Solmar Foods", ()),
        ("Solmar Trading for Luna Drinks", ()),
        ("Solmar Ltd (UK) and Luna GmbH", ("Solmar Ltd (UK)", "Luna GmbH")),
        ("Kreis- und Stadtwerke Weber", ()),
    ],
)
def test_two_who_may_be_one_are_no_one_user(cell, listed):
    assert names(cell) == listed


@pytest.mark.parametrize(
    "cell",
    [
        "Kessler & Brandt", "School of Rivers and Lakes", "Universidad de Artes y Oficios", "Solmar Transport and Logistics", "Brandt und Wasser GmbH",
        "PT Daun Segar Abadi", "Kuzey Tekstil Sanayi ve Ticaret A.Ş.", "Café e Cia Ltda", "Habitat for Neighbours", "Solmar Tower LLC", "Weber G. e R. F.lli S.p.A.",
    ],
)  # fmt: skip
def test_one_whose_name_looks_like_two_is_named(cell):
    assert READER.read("", cell, "", "").user == cell


@pytest.mark.parametrize(
    "cell",
    [
        "Northgate Logistics Centre", "Northgate Logistics Centre (Northgate Storage Co., Ltd.) located at 5 Mill Road", "Solmar Refinery", "Solmar Wind Farm Project",
        "Solmar Music Festival", "Lisbon Marathon 2023", "Congreso Nacional de Minería", "Proyecto Solmar", "Westbrook 2", "Solmar Foods Phase 2", "SF-Westbrook Plant",
        "Solmar Foods Business Travel", "Solmar Foods Annual Meeting 2022", "Visitors of Solmar Zoo", "Solmar Foods staff",
        "Gift from Peter Olsen", "Donated by Peter Olsen", "Geschenk für Anna Weber", "Cadeau pour Marie Petit", "Regalo di Natale", "Gianni'ye hediye",
        "University of", "Ministry of Energy and", "c/o Kappa Foods", "For Anna Weber", "Pour Marie Petit", "Für Anna Weber", "Lisbon office of Solmar Foods",
        "Big Sisters for Kids Foundation", "QX",
    ],
)  # fmt: skip
def test_a_place_an_event_a_gift_and_half_a_name_are_no_user(cell):
    assert READER.read("", cell, "", "").user is None


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("Kappa Foods International Limited (“KFI”)", "Kappa Foods International Limited"),
        ("(KFI) Kappa Foods International", "Kappa Foods International"),
        ("Kappa Foods International KFI", "Kappa Foods International"),
        ("KFI - Kappa Foods International GmbH", "Kappa Foods International GmbH"),
        ("Kappa Foods GmbH.", "Kappa Foods GmbH"),
        ("Kappa Foods Ltd.", "Kappa Foods Ltd."),
        ("Kappa Foods Ltd KAPPAFO", "Kappa Foods Ltd"),
        ("Kappa Foods Inc Corporate Travel", "Kappa Foods Inc"),
        ("Kappa Foods (Corporate)", "Kappa Foods"),
        ("Kappa Foods (Kappa Drinks, Kappa Farms)", "Kappa Foods"),
        ("Kappa Foods business travel", "Kappa Foods"),
        ("Kappa Foods GHG inventory", "Kappa Foods"),
        ("Kappa Foods, Portugal", "Kappa Foods"),
        ("Kappa Foods May 2022", "Kappa Foods"),
        ("Kappa Foods mayo 2022", "Kappa Foods"),
        ("Kappa Foods año 2022", "Kappa Foods"),
        ("Kappa Foods Jahr 2022", "Kappa Foods"),
        ("Kappa Foods_2022", "Kappa Foods"),
        ("Kappa Foods Q3 2022", "Kappa Foods"),
        ("Kappa Foods Q3", "Kappa Foods"),
        ("Kappa Foods 1Q22", "Kappa Foods"),
        ("Kappa Foods via Luna Carbon", "Kappa Foods"),
        ("Kappa Foods for Lisbon Tower", "Kappa Foods"),
        ("Kappa Foods Co., Ltd., 5 Mill Road, Lisbon", "Kappa Foods Co., Ltd."),
        ("Kappa Foods Co., Ltd. (Japan)", "Kappa Foods Co., Ltd. (Japan)"),
    ],
)
def test_nothing_stands_beside_the_name(cell, name):
    assert READER.read("", cell, "", "").user == name


@pytest.mark.parametrize(
    "note",
    [
        "Retired on behalf of Solmar Trading Ltd for Luna Drinks AG", "Retired on behalf of Solmar Foods - Luna Drinks Ltd", "Retired on behalf of Solmar Foods, Luna Drinks Ltd",
        "Namens Solmar Voeding BV en Luna Dranken BV", "Retired on behalf of Solmar Foods together with Luna Drinks", "Retired on behalf of Solmar as trustee for Luna",
        "Retired on behalf of Room to Grow for 2023", "Retired on behalf of Teach for Tomorrow to offset 2023", "Retired for Solmar Summit 2023", "Cancelled for Project Aurora",
        "Donated by Peter Olsen on behalf of Solmar Foundation", "Retired on behalf of Peter Olsen as a gift to Anna Weber", "Retired by Luna Carbon Partners",
        "Retired on behalf of Brightwater and Solmar to offset 2023", "Retirado en nombre de Luna Verde y Solmar", "Em nome de Luna e Solmar para o ano 2023",
        "Retired on behalf of Norrwind/Sudwind for 2023", "Norrwind/Sudwind for 2023 emissions", "Brightwater and Solmar for 2023 emissions",
        "Retired on behalf of Solmar Trading for Luna Drinks", "Retired on behalf of Solmar Foods x Luna Drinks to offset 2023",
        "Luna Energy Trading BV", "Supporting Luna's climate pledge", "To meet Luna's supplier requirements", "in support of Côte d'Ivoire's targets",
    ],
)  # fmt: skip
def test_a_note_that_may_mean_another_names_nobody(note):
    assert READER.read("", "", note, "").user is None


def test_a_note_that_names_another_beside_the_one_of_the_cell_lists_both():
    note = "Retired on behalf of Solmar AG and on behalf of Luna Ltd for 2023"
    assert names("Solmar AG", note) == ("Solmar AG", "Luna Ltd")


def test_the_note_shows_that_the_cell_is_cut_off_or_a_plant():
    assert names("olmar Foods Asia", "Solmar Foods Asia - Q3") == ()
    assert names("Solmar Foods Internat", "The emissions of Solmar Foods International") == ()
    assert names("SF-Westbrook", "Retired on behalf of Solmar Foods - Westbrook facility") == ("Solmar Foods",)
    assert names("Solmar Foods", "Solmar Foods's emissions") == ("Solmar Foods",)


def test_a_brand_with_its_company_is_who_the_note_names():
    assert names("Tamarind Cafe, PT Daun Segar", "Tamarind Cafe offsetting their emissions") == ("Tamarind Cafe",)


def test_what_stands_before_a_turkish_adina_is_the_name():
    assert names(note="Kuzey Tekstil A.Ş. adına emekli edilmiştir") == ("Kuzey Tekstil A.Ş.",)
    assert names(note="Kuzey Tekstil A.Ş. ve Güney Gıda A.Ş. adına") == ("Kuzey Tekstil A.Ş.", "Güney Gıda A.Ş.")


@pytest.mark.parametrize(
    ("account", "beneficiary"),
    [
        ("Highland Carbon Partners", ""),
        ("Riverbend Landfill LLC", ""),
        ("Delta Commodities BV", ""),
        ("Oakridge Timber Holdings LLC", ""),
        ("Solmar Foods", "Luna Drinks Festival"),
    ],
)
def test_who_trades_or_develops_is_no_user_by_its_account(account, beneficiary):
    assert READER.read(account, beneficiary, "", "Corporate Emissions Inventory Accounting") == Reading()


# --- phrases ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("note", "name"),
    [
        ("Retired on behalf of Bain & Company to offset FY2025 GHG emissions", "Bain & Company"),
        ("Retired on behalf of Salesforce, Inc. to compensate for residual Scope 1", "Salesforce, Inc."),
        ("Retired by SALT Global Tech Ltd on behalf of Wise Payments Ltd to offset part of its footprint", "Wise Payments Ltd"),
        ("Retired on behalf McKinstry for voluntary purposes", "McKinstry"),
        ("Retirement on be half of Muda Mobilia - Frete CO2 Neutro", "Muda Mobilia"),
        ("Retired on behalf of Kinaxis Inc. F2024 period", "Kinaxis Inc."),
        ("Retired on behalf of Genie Energy and its retail subsidiaries", "Genie Energy"),
        ("Retired on behalf of Disney’s 2016 greenhouse gas emissions", "Disney"),
        ("Retired on behalf of: PetroChina International Company Limited", "PetroChina International Company Limited"),
        ("Beneficiary: LGT Portfolio Management SICAV. Retirement reason details: more", "LGT Portfolio Management SICAV"),
        ("Gold Standard Marketplace Order GSM31765 for AssistiveWare", "AssistiveWare"),
        ("Retired by Dickinson College in support of its environmental goals", "Dickinson College"),
        ("FIFA's contribution to carbon emission mitigation in 2025", "FIFA"),
        ("Allegheny College for 2025 emissions", "Allegheny College"),
        ("Kaiser Foundation Hospitals -  Transaction Reference 31388", "Kaiser Foundation Hospitals"),
        ("To offset Raw Office's Products sold in 2023", "Raw Office"),
        ("shall be for SC Johnson's sole use in claiming", "SC Johnson"),
        ("Retired for Osaka Gas Co., Ltd.", "Osaka Gas Co., Ltd."),
        ("PETSTAR S.A.P.I. DE C.V.", "PETSTAR S.A.P.I. DE C.V."),
        ("Retirados a nombre de Guardian Industries VP, S. de R.L. de C.V. para el trámite", "Guardian Industries VP, S. de R.L. de C.V."),
        ("Cancelación voluntaria a favor de ENGIE Energía Chile S.A RUT 88.006.900-4 para", "ENGIE Energía Chile S.A"),
        ("Retiro en nombre de Cementos Argos S.A. en el marco de la ley", "Cementos Argos S.A."),
        ("Aposentadoria em nome da Natura Cosméticos S.A. para o ano de 2024", "Natura Cosméticos S.A."),
        ("Retrait au nom de Société Générale pour l'année 2024", "Société Générale"),
        ("Annulation pour le compte de Danone SA dans le cadre de", "Danone SA"),
        ("Stilllegung im Auftrag von Hörmann KG zur Kompensation", "Hörmann KG"),
        ("Ritiro crediti per conto di RDR SpA SB per compensazione delle emissioni", "RDR SpA SB"),
        ("Geannuleerd namens Achmea BV voor het jaar 2024", "Achmea BV"),
        ("Stadtwerke Soest GmbH, klimaneutrales Erdgas", "Stadtwerke Soest GmbH"),
        ("Klimaneutrales Erdgas für ESWE Versorgungs AG", "ESWE Versorgungs AG"),
        ("Klimaneutrales Erdgas, ESWE Versorgungs AG", "ESWE Versorgungs AG"),
        ("Retired on behalf of PGE's Carty facility under the OR CO2 Standard", "PGE"),
        ("Retired for NW Natural's Smart Energy Program", "NW Natural"),
        ("Retired on behalf of BioPak Pty Ltd Climate Active Emissions for CY2021", "BioPak Pty Ltd"),
        ("Retirement on behalf of Allianz SE car fleet", "Allianz SE"),
        ("Retirement on behalf of 2016 Salesforce", "Salesforce"),
        ("Retired on behalf of the Omega Games Qatar 2022 LLC to offset", "Omega Games Qatar 2022 LLC"),
        ("Retired by Cool Effect on behalf, and for the exclusive benefit, of Netflix, Inc. - PO-412106", "Netflix, Inc."),
        ("Retired on behalf of “JPMorgan Chase, NA’s 2023 Emissions”", "JPMorgan Chase, NA"),
        ("Retired against Yale University’s FY2022 emissions", "Yale University"),
        ("Green Sheep, Inc. DBA Open Water for 2024 emissions", "Green Sheep, Inc."),
        ("Omega SA neutralizado total 255 tCO2e. Beneficiario del Retiro Biomax S.A. NIT 830136799-1.", "Biomax S.A."),
        ("on behalf of our client, Omega Ltd", "Omega Ltd"),
        ("Neutralização das emissões da empresa Omega Ltda no ano de 2021", "Omega Ltda"),
        ("Barclays PLC operational offsetting FY2022.", "Barclays PLC"),
        ("Retired by Cool Effect on Behalf of Nestlé Travel & Fleet Compensation", "Nestlé"),
        ("Behalf of Univ. of California, Los Angeles for 2020", "Univ. of California, Los Angeles"),
    ],
)  # fmt: skip
def test_a_phrase_names(note, name):
    read = READER.read("ClimeCo LLC", "", note, THIRD_PARTY)
    assert read.names == (name,)
    assert read.basis == "note"
    assert read.method in {"pattern", "alias"}


@pytest.mark.parametrize(
    "note",
    [
        "On behalf of our customers", "Retired on behalf of BEF Customers", "Retired on behalf of third party", "On behalf of the members and customers of GoClimate",
        "Voluntary offsets for corporate emissions in 2025", "Residual 2025 Operations Emissions", "2024 Emissions/The Climate Label", "Presente",
        "On behalf of Lenovo Clients 1 February 2026", "For Carbon Neutral Indiana's community", "Gold Standard Marketplace Order GSM31080 for Anonymous",
        "Climate Heroes Program sales 26.04.10-26.04.12", "tokenized on transaction 0xf1690c0fbadb99268c92", "Retired on behalf of South Pole",
        "Retired for NC GreenTherm Program", "Retired for NWN Smart Energy program customers", "Compensated by Alpha for Omega", "Retired for Climate Week 2022",
        "Retired on behalf of Paris 2024 Olympic and Paralympic Organising committee", "on behalf of Omega for its customers' flights",
        "Mitigating Highland Fairview's World Logistics Center's GHG emissions", "Omega, Inc., and its affiliates (Alpha LLC and Beta Limited)",
        "To compensate for unavoidable greenhouse gas emissions", "Transferred to Zimbabwe Carbon Registry in accordance with Regulations 2025", "Retired on behalf of",
    ],
)  # fmt: skip
def test_a_note_without_a_user_names_nobody(note):
    assert READER.read("ClimeCo LLC", "", note, THIRD_PARTY) == Reading()


def test_one_user_named_twice_is_one_and_two_are_two():
    natura = "Retirada em nome da Natura Cosméticos S.A. / Retirement on behalf of NATURA COSMETICOS SA"
    assert names(note=natura) == ("Natura Cosméticos S.A.",)
    both = "Retired on behalf of easyJet for aviation emissions and on behalf of Omega Steel for its own"
    assert names(note=both) == ("easyJet", "Omega Steel")


def test_the_reason_may_name():
    assert READER.read("", "", "", "Retired on behalf of Bayer AG").basis == "reason"


# --- the account ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("account", "note", "reason", "named"),
    [
        ("Apple", "FY24", "Contribution Towards Corporate Climate Pledge", True),
        ("Omega Steel", "", "Corporate Emissions Inventory Accounting", True),
        ("Maple Leaf Foods", "Maintain Carbon Neutrality", "Environmental Benefit", True),
        ("Omega Steel", "To offset our own emissions", "", True),
        ("Omega Steel", "", "Environmental Benefit", False),
        ("Omega Steel", "", THIRD_PARTY, False),
        ("Omega Steel", "our own customers", "Corporate Emissions Inventory Accounting", False),
        ("Carbonplace UK Limited", "", "Corporate Emissions Inventory Accounting", False),
        ("Ejido de Agua Amarga", "", "Corporate Emissions Inventory Accounting", False),
        ("1423", "", "Corporate Emissions Inventory Accounting", False),
    ],
)
def test_the_account_holder_is_the_user_only_where_it_says_so(account, note, reason, named):
    read = READER.read(account, "", note, reason)
    assert read.names == ((account,) if named else ())
    assert read.basis == ("account" if named else None)


# --- aliases and joining ----------------------------------------------------------------------------------------


def test_what_the_alias_table_knows_is_surer():
    assert READER.read("", "AWS", "", "") == Reading(("AWS",), "beneficiary", "alias", 0.99)
    assert READER.read("", "Omega Steel", "", "").method == "pattern"
    assert READER.canonical("aws") == READER.canonical("AMAZON WEB SERVICES, INC.") == "Amazon Web Services"
    assert READER.canonical("Omega Steel") is None


def test_spellings_are_joined_by_alias_then_by_weight_then_by_text():
    def one(name: str, tonnes: str) -> tuple[Reading, Decimal]:
        return Reading((name,), "note", "pattern", 0.9), Decimal(tonnes)

    named = [
        one("OMEGA STEEL", "5"),
        one("Omega Steel Inc.", "3"),
        one("Omega Steel Inc.", "3"),
        one("AWS", "1"),
        one("b corp", "1"),
        one("B Corp", "1"),
    ]
    assert join_spellings(named, READER) == {
        "OMEGA STEEL": "Omega Steel Inc.",
        "Omega Steel Inc.": "Omega Steel Inc.",
        "AWS": "Amazon Web Services",
        "b corp": "B Corp",
        "B Corp": "B Corp",
    }
    assert join_spellings(reversed(named), READER) == join_spellings(named, READER)
    assert join_spellings([], READER) == {}


# --- knowledge that contradicts itself --------------------------------------------------------------------------


@pytest.fixture
def configs(tmp_path):
    shutil.copytree(CONFIGS / "beneficiaries", tmp_path / "beneficiaries")
    return tmp_path


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        (["Foo,Bar,", "FOO Inc.,Baz,"], r"line 3: 'FOO Inc.' stands in line 2 already"),
        (["Foo,Bar,", "Bar,Baz,"], r"line 2: 'Bar' is itself an alias of 'Baz' in line 3"),
        (["Foo,,"], r"line 2: needs both"),
        ([",Foo,"], r"line 2: needs both"),
        (["Anonymous,Foo,"], r"line 2: 'Anonymous' is a placeholder"),
        (["Foo,Bar"], r"line 2: expected 3 cells"),
    ],
)
def test_a_faulty_alias_table_is_refused_with_its_line(configs, lines, fault):
    (configs / "beneficiaries" / "aliases.csv").write_text("\n".join(["alias,canonical,note", *lines, ""]))
    with pytest.raises(ConfigError, match=r"aliases\.csv, " + fault):
        BeneficiaryReader(configs)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("kind: after", "kind: nearby"),
        ("phrases:", "sentences:"),
        ("confidence: 0.97", "confidence: 97"),
        ("name: retired for", "name: behalf"),
    ],
)
def test_faulty_patterns_are_refused_with_their_file(configs, old, new):
    path = configs / "beneficiaries" / "patterns.yml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"patterns\.yml, line \d+"):
        BeneficiaryReader(configs)


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        (["AWS,Amazon Warehouse Services,"], r"line 2: 'AWS' .*aliases\.csv, line \d+"),
        (["aws Inc.,Amazon Warehouse Services,"], r"line 2: 'aws Inc\.' stands in .*aliases\.csv, line \d+ already"),
    ],
)
def test_an_alias_of_two_entities_in_two_files_is_refused_with_both_places(configs, lines, fault):
    (configs / "beneficiaries" / "aliases").mkdir()
    (configs / "beneficiaries" / "aliases" / "more.csv").write_text("\n".join(["alias,canonical,note", *lines, ""]))
    with pytest.raises(ConfigError, match=r"more\.csv, " + fault):
        BeneficiaryReader(configs)


def test_a_list_goes_on_in_files_of_its_folder(configs):
    folder = configs / "beneficiaries"
    for name, rows in {
        "aliases": "alias,canonical,note\nSolmar Nippon,Solmar,\nAWS,Amazon Web Services,as in the first file\n",
        "placeholders": "text,note\ntokumei kibou,\n",
        "intermediaries": "name,note\nLuna Shoukai,\n",
        "legal_forms": "form,place,note\nKK Gaisha,end,\n",
        "same_words": "word,same_as,language,note\nkogyo,kougyou,ja,\n",
    }.items():
        (folder / name).mkdir()
        (folder / name / "japan.csv").write_text(rows)
    reader = BeneficiaryReader(configs)
    assert reader.canonical("Solmar Nippon") == "Solmar"
    assert reader.canonical("AWS") == "Amazon Web Services"
    assert reader.is_placeholder("Tokumei Kibou")
    assert reader.is_intermediary("Luna Shoukai")
    assert reader.key("Brandt KK Gaisha") == reader.key("Brandt")
    assert reader.key("Brandt Kogyo") == reader.key("Brandt Kougyou")


def test_a_placeholder_without_letters_is_refused(configs):
    with (configs / "beneficiaries" / "placeholders.csv").open("a") as file:
        file.write("--,\n")
    with pytest.raises(ConfigError, match=r"placeholders\.csv, line \d+"):
        BeneficiaryReader(configs)


# --- any text ---------------------------------------------------------------------------------------------------

HOSTILE = [
    "x" * 10_000, "on behalf of " * 1_000, "a, " * 4_000, "(" * 10_000, "and " * 3_000, "' s's " * 2_000, "- " * 5_000, "\x00\x01\x02", "😀" * 3_000,
    "!?.,;:" * 2_000, "\u202eevil\u202c", "\ud800", "A.B." * 3_000, "on behalf of X for " * 500, "NIT " * 3_000, "9" * 10_000, "ve diger sirketler " * 600,
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_are_read_in_no_time(text):
    start = time.process_time()
    READER.read(text, text, text, text)
    READER.read("", "", f"on behalf of {text}", "")
    assert time.process_time() - start < 1


WORDS = [
    "on behalf of", "Retired", "Omega Steel", "Inc.", "and", "for", "its", "customers", "2024", "AWS", "N/A", ",", ";", " - ", "'s", "emissions", "(", ")", "S.A.", "NIT 830.1", "é", "&",
]  # fmt: skip
CELLS = st.one_of(st.none(), st.text(max_size=60), st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join))


@settings(max_examples=400)
@given(CELLS, CELLS, CELLS, CELLS)
def test_any_texts_are_read_alike_twice_and_names_are_names(account, beneficiary, note, reason):
    read = READER.read(account, beneficiary, note, reason)
    assert read == READER.read(account, beneficiary, note, reason)
    assert (read.basis is None) == (read.method is None) == (read.confidence is None) == (not read.names)
    for name in read.names:
        assert name == name.strip()
        assert not READER.is_placeholder(name)
        assert READER.key(name)
    assert set(join_spellings([(read, Decimal(1))], READER)) == set(read.names)
