"""A request for mutual legal assistance as it is written: every field that treaties, laws and model forms ask for.

Nearly everything may be missing: a deficient letter is registered, and what it lacks is asked (comity.request.gaps).
What stands in it must be of the right form (comity.request.reading). Free text is free; whatever the service
compares, counts or points at is a field. Each field's description completes the sentence "Please state …", so the
schema that other systems write by and the questions that we send back are the same words.

Persons are told apart by a token (`victim-1`) wherever the letter points at them. Who they are stands only in their
`identity`, so that the identities of those who must not be named can be split off (comity.request.identities).
"""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, StringConstraints
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from comity.request.model import Country, Digest, PersonToken, Record, Urgency, record_in

AnyDate = TypeVar("AnyDate", bound=date)


def _believable(value: AnyDate) -> AnyDate:
    """Refuse years that no letter means: arithmetic with a time zone would leave the calendar at its ends."""
    if not 1900 <= value.year <= 2199:
        raise PydanticCustomError("year_out_of_range", "a year from 1900 to 2199")
    return value


# Written out, since not every system that reads the schema knows classes such as \p{Cf}.
REFERENCE_PATTERN = (
    r"^[^\u0000-\u001F\u007F-\u009F\u00AD\u061C\u180E\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB]*$"
)
LINE_PATTERN = r"^[^\u0000-\u001F\u007F-\u009F\u2028-\u202E\u2066-\u2069]*$"
TEXT_PATTERN = r"^[^\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F]*$"
LANGUAGE_PATTERN = r"^[a-z]{2,3}$"
ZONE_PATTERN = r"^[A-Za-z_]+(/[A-Za-z0-9_+-]+)*$"
CURRENCY_PATTERN = r"^[A-Z]{3}$"

Reference = Annotated[str, StringConstraints(max_length=200, pattern=REFERENCE_PATTERN)]
"""A file number: one line, without anything that cannot be seen (it is compared and printed)."""

Line = Annotated[str, StringConstraints(max_length=500, pattern=LINE_PATTERN)]
"""One line in any script. Joiners are letters of some scripts and stay; what turns the reading direction does not."""

Text = Annotated[str, StringConstraints(max_length=20_000, pattern=TEXT_PATTERN)]
"""Free text in any script, with its line breaks."""

Language = Annotated[str, StringConstraints(pattern=LANGUAGE_PATTERN)]
Zone = Annotated[str, StringConstraints(max_length=64, pattern=ZONE_PATTERN)]
Currency = Annotated[str, StringConstraints(pattern=CURRENCY_PATTERN)]
Instant = Annotated[AwareDatetime, AfterValidator(_believable)]
Day = Annotated[date, AfterValidator(_believable)]


def _may(says: str) -> Any:
    """A field that may be missing."""
    return Field(None, description=says)


def _many(says: str, at_most: int = 100) -> Any:
    """A list that may be empty. Its limit keeps every part's number (M1 … M9999) within what the door accepts."""
    return Field((), max_length=at_most, description=says)


# --- the authorities --------------------------------------------------------------------------------------------------


class Contact(Record):
    """How an authority is reached."""

    person: Line | None = _may("the name of the person to be asked for")
    telephone: Line | None = _may("the telephone number in working hours")
    email: Line | None = _may("the e-mail address")
    working_hours: Line | None = _may("the working hours, with their time zone")
    round_the_clock: Line | None = _may("the telephone number that is answered at any hour of any day")
    languages: tuple[Language, ...] = _many("the languages (ISO 639) in which the contact can be spoken to")


class Authority(Record):
    """An authority: who it is and what its function is."""

    name: Line | None = _may("the name of the authority")
    function: Line | None = _may("the function of the authority in the proceedings")
    address: Text | None = _may("the postal address of the authority")
    judicial: bool | None = _may("whether the authority is a judge, court, investigating judge or public prosecutor")
    contact: Contact | None = _may("how the authority is reached")


class Validation(Record):
    """That a judicial authority validated what another authority issued (Directive 2014/41/EU art. 2(c)(ii))."""

    authority: Authority | None = _may("the judicial authority that validated the request")
    validated_at: Instant | None = _may("when the request was validated")


# --- legal basis and subject ------------------------------------------------------------------------------------------


class Basis(Record):
    """One treaty or law that the request stands on."""

    instrument: Reference | None = _may("the treaty or law, by its short name in lower case (eio, untoc, budapest)")
    article: Line | None = _may("the article relied on")
    quotation: Text | None = _may("the words of the provision relied on")
    reciprocity: bool | None = _may("whether reciprocity is assured")


class ProcedureStage(StrEnum):
    """How far the proceedings have come."""

    INVESTIGATION = "investigation"
    PROSECUTION = "prosecution"
    TRIAL = "trial"
    ENFORCEMENT = "sentence enforcement"


class Subject(Record):
    """The investigation, prosecution or proceeding that the request is for (UNTOC art. 18(15)(b))."""

    matter: Text | None = _may("the subject matter of the proceedings")
    nature: Line | None = _may("the nature of the proceedings")
    stage: ProcedureStage | None = _may("the stage of the proceedings")


class Offence(Record):
    """One offence that the proceedings are about."""

    title: Line | None = _may("the name of the offence")
    law: Text | None = _may("the text of the domestic law that makes it an offence, with its article")
    maximum_penalty: Line | None = _may("the maximum penalty")
    against_child: bool | None = _may("whether the offence is one against a child")
    committed_from: Instant | None = _may("when the offence began, with its time zone")
    committed_until: Instant | None = _may("when the offence ended, with its time zone")
    place: Line | None = _may("the place of the offence")
    limitation_on: Day | None = _may("the day on which prosecution becomes barred by lapse of time")


class Procedure(Record):
    """The particular procedure that the requesting State wishes to be followed (UNTOC art. 18(15)(d))."""

    to_follow: Text | None = _may("the procedure or formality to be followed")
    reason: Text | None = _may("why that procedure is to be followed")


# --- persons ----------------------------------------------------------------------------------------------------------


class PersonRole(StrEnum):
    """What a person is in the proceedings."""

    SUSPECT = "suspect"
    ACCUSED = "accused"
    CONVICTED = "convicted person"
    VICTIM = "victim"
    WITNESS = "witness"
    EXPERT = "expert"
    UNDERCOVER_OFFICER = "undercover officer"
    CONTACT_OFFICER = "contact officer"
    LEGAL_PERSON = "legal person"
    GUARDIAN = "parent or guardian"
    THIRD_PARTY = "third party"


class AgeBand(StrEnum):
    """How old a person is thought to be."""

    INFANT = "0-3"
    YOUNG_CHILD = "4-7"
    CHILD = "8-12"
    ADOLESCENT = "13-15"
    NEARLY_ADULT = "16-17"
    ADULT = "18 or over"


class Identity(Record):
    """Who a person is. Of a protected person, this stands in the vault only."""

    given_names: Line | None = _may("the given names")
    family_name: Line | None = _may("the family name")
    name_in_own_script: Line | None = _may("the full name in its own script")
    also_known_as: tuple[Line, ...] = _many("other names and nicknames", 50)
    born_on: Day | None = _may("the date of birth")
    born_in: Line | None = _may("the place of birth")
    nationality: tuple[Country, ...] = _many("the nationalities (ISO 3166-1)", 20)
    location: Text | None = _may("where the person is or lives")
    document: Line | None = _may("the number of a passport, identity card or register entry")
    contact: Line | None = _may("a telephone number or address by which the person can be reached")


class Person(Record):
    """One person whom the request concerns (UNTOC art. 18(15)(e): identity, location, nationality where possible)."""

    token: PersonToken | None = _may("the token by which the letter points at the person, e.g. witness-1")
    role: PersonRole | None = _may("the role of the person in the proceedings")
    protected: bool | None = _may("whether the identity of the person must be kept from the file")
    child: bool | None = _may("whether the person is, or was at the time of the offence, under 18")
    age_band: AgeBand | None = _may("the age band of the person")
    age_disputed: bool | None = _may("whether the age is disputed: if so, the person is treated as a child")
    identified: bool | None = _may("whether it is known who the person is")
    special_measures: Text | None = _may("the special measures that the person needs (support, interpreter, setting)")
    interviews_so_far: int | None = Field(
        None, ge=0, le=1000, description="how many times the person has been interviewed so far"
    )
    identity: Identity | None = _may("who the person is")


# --- the measures -----------------------------------------------------------------------------------------------------


class Service(Record):
    """Particulars of the service of documents."""

    addressee: PersonToken | None = _may("the token of the addressee")
    relation: Line | None = _may("what the addressee is to the case")
    documents: Text | None = _may("the documents to be served")
    manner: Text | None = _may("the manner of service")


class Search(Record):
    """Particulars of a search or seizure."""

    place: Text | None = _may("the exact place to be searched")
    person: PersonToken | None = _may("the token of the person to be searched, or whose place it is")
    items: Text | None = _may("the items to be sought and seized")


class Testimony(Record):
    """Particulars of testimony, in a room or by video link."""

    witness: PersonToken | None = _may("the token of the person to be heard")
    manner: Text | None = _may("the manner of the hearing")
    questions: tuple[Text, ...] = _many("the questions to be put")
    oath: Line | None = _may("whether an oath or affirmation is to be taken, and in which form")
    rights: Text | None = _may("the rights and privileges of which the person is to be told")
    interpreter: Line | None = _may("the interpreter needed")
    proposed_at: Instant | None = _may("the date and time proposed for the hearing")


class Property(Record):
    """Particulars of freezing, confiscation or return of property."""

    identification: Text | None = _may("the property, so that it can be identified")
    value: Line | None = _may("the value or amount")
    currency: Currency | None = _may("the currency (ISO 4217)")
    order_attached: bool | None = _may("whether the freezing or confiscation order is attached")
    owner: PersonToken | None = _may("the token of the owner")
    third_parties: Text | None = _may("third parties in good faith who have rights in it")


class Preservation(Record):
    """A preservation of data that is already in force."""

    reference: Reference | None = _may("the reference of the preservation at the provider or the 24/7 contact point")
    expires_at: Instant | None = _may("when the preservation expires, with its time zone")


class DataClass(StrEnum):
    """Classes of electronic data, each with a threshold of its own."""

    SUBSCRIBER = "subscriber"
    TRAFFIC = "traffic"
    CONTENT = "content"


class ElectronicData(Record):
    """Particulars of preservation, production or real-time collection of electronic data."""

    provider: Line | None = _may("the provider or custodian of the data")
    account: Line | None = _may("the account, address or other identifier at the provider")
    starts_at: Instant | None = _may("the beginning of the time range of the data, with its time zone")
    ends_at: Instant | None = _may("the end of the time range of the data, with its time zone")
    data_class: DataClass | None = _may("the class of the data")
    description: Text | None = _may("the data themselves")
    preservation: Preservation | None = _may("the preservation that keeps the data meanwhile")
    intends_request: bool | None = _may(
        "whether a request for the data will follow (Budapest Convention art. 29(2)(f))"
    )


class BankRecords(Record):
    """Particulars of records of a bank or other financial institution."""

    institution: Line | None = _may("the bank or other financial institution")
    account: Line | None = _may("the account number")
    holder: PersonToken | None = _may("the token of the account's holder")
    starts_at: Instant | None = _may("the beginning of the period, with its time zone")
    ends_at: Instant | None = _may("the end of the period, with its time zone")
    documents: Text | None = _may("the records wanted")


class DualCriminality(Record):
    """What shows that the conduct is an offence in both States, or that this need not be shown."""

    statement: Text | None = _may("how the conduct is an offence in both States")
    category: Line | None = _may("the category of listed offences (Directive 2014/41/EU Annex D), if one applies")


class MeasureSought(Record):
    """One measure that is asked for. Legal basis, urgency and deadline belong to the measure."""

    kind: Line | None = _may("the kind of measure, as in comity/law/measures.toml")
    instrument: Reference | None = _may("the treaty or law that this measure rests on; else the letter's only one")
    urgency: Urgency | None = _may("the urgency claimed for this measure, if another than for the whole request")
    execute_at: Instant | None = _may(
        "when the measure is to be executed in several States at the same minute, with its time zone"
    )
    description: Text | None = _may("the assistance sought")
    person: PersonToken | None = _may("the token of the person whom the measure concerns")
    grounds_for_belief: Text | None = _may("the grounds for believing that the evidence is in the requested State")
    necessity: Text | None = _may("why the measure is necessary and proportionate")
    goes_on_if_told: bool | None = _may("whether it goes on although somebody whom it concerns will learn of it")
    available_at_home: bool | None = _may("whether the measure could be ordered in a similar domestic case")
    dual_criminality: DualCriminality | None = _may("what shows dual criminality")
    allowances_and_expenses: Text | None = _may("the allowances and expenses of a person who is to appear")
    service: Service | None = _may("the particulars of service")
    search: Search | None = _may("the particulars of the search or seizure")
    testimony: Testimony | None = _may("the particulars of the testimony")
    property: Property | None = _may("the particulars of the property")
    data: ElectronicData | None = _may("the particulars of the electronic data")
    bank: BankRecords | None = _may("the particulars of the bank records")


# --- what surrounds them ----------------------------------------------------------------------------------------------


class Confidentiality(Record):
    """Whether the request itself must be kept secret."""

    needed: bool | None = _may("whether the request and its substance must be kept confidential")
    reason: Text | None = _may("why confidentiality is needed")
    do_not_notify_user: bool | None = _may("whether the provider must not tell its user")


class DeadlineReason(StrEnum):
    """Why a date matters."""

    LIFE = "life or safety"
    DATA_LOSS = "data will be lost"
    CUSTODY = "custody limit"
    HEARING = "hearing or trial date"
    FLIGHT = "suspect may leave"
    LIMITATION = "limitation"
    OTHER = "other"


class DeadlineAsked(Record):
    """The date by which the requesting authority asks for the result."""

    by: Instant | None = _may("the date and time by which the result is needed, with its time zone")
    reason_code: DeadlineReason | None = _may("which kind of reason the date has")
    reason: Text | None = _may("why the result is needed by that date")


class Languages(Record):
    """The language of the letter, and its translation."""

    written_in: Language | None = _may("the language of the letter (ISO 639)")
    translation_attached: bool | None = _may("whether a translation is attached")
    translated_into: Language | None = _may("the language of the translation (ISO 639)")
    certified_by: Line | None = _may("who certified the translation")


class Classification(StrEnum):
    """How far an attachment may go."""

    OPEN = "open"
    RESTRICTED = "restricted"
    CONFIDENTIAL = "confidential"
    SEALED = "sealed"


class Attachment(Record):
    """One document sent with the letter. Its bytes are elsewhere; its hash proves that they are the same."""

    description: Line | None = _may("what the attachment is")
    sha256: Digest | None = _may("the SHA-256 of the attachment, in lower-case hex")
    media_type: Line | None = _may("the media type of the attachment, e.g. application/pdf")
    classification: Classification | None = _may("how far the attachment may go")
    keep_until: Day | None = _may("until when the attachment may be kept")


class Exposure(Record):
    """Punishments that the requested State does not assist (death penalty, torture), and the assurance given."""

    death_penalty: bool | None = _may("whether the offence carries the death penalty")
    torture: bool | None = _may("whether the person may be exposed to torture or inhuman treatment")
    assurance: Text | None = _may("the assurance given")


class Costs(Record):
    """What was agreed on costs and on the return of items."""

    agreed: Text | None = _may("what is agreed on costs")
    return_of_items: bool | None = _may("whether items sent by the requesting State are wanted back")
    return_to: Text | None = _may("where the items are to be returned to")


class Channel(StrEnum):
    """The way by which the letter came."""

    POST = "post"
    COURIER = "courier"
    EMAIL = "e-mail"
    FAX = "fax"
    IT_SYSTEM = "secure electronic system"
    INTERPOL = "INTERPOL"
    EUROJUST = "Eurojust"
    POINT_24_7 = "24/7 contact point"
    DIPLOMATIC = "diplomatic"
    ORAL = "oral"


class Signature(Record):
    """Who signed the letter, and how."""

    name: Line | None = _may("the name of the person who signed")
    function: Line | None = _may("the function of the person who signed")
    signed_at: Instant | None = _may("when the letter was signed, with its time zone")
    seal: bool | None = _may("whether the letter bears a seal")
    electronic: Line | None = _may("the kind and serial number of the electronic signature")


class Transmission(Record):
    """How the letter travelled and when it arrived."""

    channel: Channel | None = _may("the channel by which the letter is sent")
    sent_at: Instant | None = _may("when the letter was sent, with its time zone")
    received_at: Instant | None = _may("when the letter was received, with its time zone")
    received_zone: Zone | None = _may("the time zone (IANA name) of the place where it was received")
    advance_copy: bool | None = _may("whether this is an advance copy that the original will follow")


# --- urgent cases, and cases with a child -----------------------------------------------------------------------------


class Risk(StrEnum):
    """What is at risk if nobody acts."""

    LIFE = "life"
    ONGOING_ABUSE = "ongoing abuse"
    MISSING = "missing person"
    FLIGHT = "flight"
    DATA_LOSS = "data loss"


class Safeguarding(Record):
    """That an authority which protects children was told."""

    authority: Line | None = _may("which child-protection authority was informed")
    informed_at: Instant | None = _may("when it was informed")
    informed_by: Line | None = _may("who informed it")
    welfare_contact: Line | None = _may("whom to reach about the child's welfare")


class Spoken(Record):
    """An oral request, and the written confirmation that it still needs (UNTOC art. 18(14): forthwith)."""

    taken_by: Line | None = _may("who took the oral request")
    taken_at: Instant | None = _may("when the oral request was made")
    confirmation_due_at: Instant | None = _may("by when the written confirmation is due")


class CopySent(Record):
    """A copy of the request that went another way, to be acted on at once."""

    to: Line | None = _may("to which bureau or 24/7 contact point the copy was sent")
    sent_at: Instant | None = _may("when the copy was sent")
    reference: Reference | None = _may("the reference of the copy")


class Downgrade(Record):
    """That the requesting authority itself lowered the urgency."""

    to: Urgency | None = _may("the urgency class now claimed")
    by: Line | None = _may("who authorised the lowering")
    reason: Text | None = _may("why the urgency was lowered")


class Emergency(Record):
    """What makes the request urgent, and what is known of a child at risk."""

    claimed: Urgency | None = _may("the urgency claimed for the whole request")
    risks: tuple[Risk, ...] = _many("what is at risk if nobody acts", 5)
    facts: Text | None = _may("the facts that show the emergency")
    link_to_data: Text | None = _may("how the data or evidence sought are linked to the emergency")
    abuse_continuing: bool | None = _may("whether abuse is known or thought to be continuing")
    next_act_at: Instant | None = _may("when the next act is announced or expected")
    last_contact_at: Instant | None = _may("when there was last contact with the child or the offender")
    victim_identified: bool | None = _may("whether the victim is identified")
    event_zone: Zone | None = _may("the time zone (IANA name) of the event")
    data_lost_at: Instant | None = _may("when data will be lost if nothing is done")
    safeguarding: Safeguarding | None = _may("which child-protection authority was informed, when and by whom")
    copies: tuple[CopySent, ...] = _many("the copies sent to INTERPOL or a 24/7 contact point", 20)
    spoken: Spoken | None = _may("the oral request that went before")
    icse_reference: Reference | None = _may("the reference in the ICSE database")
    cybertipline_reference: Reference | None = _may("the reference of the CyberTipline report")
    downgrade: Downgrade | None = _may("who lowered the urgency, and why")


# --- information that is given without a request ----------------------------------------------------------------------


class Information(Record):
    """That information is given without a request (UNTOC art. 18(4), (5), Budapest Convention art. 26)."""

    recipient: Authority | None = _may("the authority to which the information is given")
    conditions: tuple[Text, ...] = _many("the conditions on which the information may be used", 20)


# --- the letter -------------------------------------------------------------------------------------------------------


class Letter(Record):
    """A request for mutual legal assistance, as the requesting authority wrote it."""

    requesting_state: Country = Field(description="the State that asks, or gives information (ISO 3166-1 alpha-2)")
    requested_state: Country | None = _may("the State that is asked, or given information (ISO 3166-1 alpha-2)")
    issuing_authority: Authority | None = _may("the authority that makes the request")
    conducting_authority: Authority | None = _may("the authority that conducts the proceedings")
    validation: Validation | None = _may("the judicial authority that validated the request")
    own_reference: Reference | None = _may("the reference of the requesting authority")
    foreign_references: tuple[Reference, ...] = _many("the references that other authorities gave the matter, ours too")
    related_references: tuple[Reference, ...] = _many("the references of related matters")
    earlier_requests: tuple[Reference, ...] = _many("the references of earlier requests that this one adds to")
    other_states_asked: tuple[Country, ...] = _many("the other States that were asked in the same matter")
    legal_bases: tuple[Basis, ...] = _many("the treaties or laws on which the request stands", 20)
    subject: Subject | None = _may("the subject matter, nature and stage of the proceedings")
    facts_summary: Text | None = _may("a summary of the relevant facts")
    offences: tuple[Offence, ...] = _many("the offences, with the law and the penalty")
    purpose: Text | None = _may("the purpose for which the evidence, information or action is sought")
    measures: tuple[MeasureSought, ...] = _many("the assistance that is sought, one entry for each measure")
    procedure: Procedure | None = _may("the particular procedure to be followed")
    persons: tuple[Person, ...] = _many("the persons concerned: identity, location and nationality where possible", 500)
    confidentiality: Confidentiality | None = _may("whether confidentiality is needed, and why")
    deadline: DeadlineAsked | None = _may("the date by which the result is needed, and why")
    languages: Languages | None = _may("the language of the letter, and its translation")
    attachments: tuple[Attachment, ...] = _many("the documents sent with the letter", 500)
    exposure: Exposure | None = _may("whether death penalty or torture may follow, and the assurance against it")
    use_consent: Text | None = _may("the further use to which consent is asked (speciality)")
    costs: Costs | None = _may("what is agreed on costs and on the return of items")
    emergency: Emergency | None = _may("what makes the request urgent")
    information: Information | None = _may("to whom information is given without a request, and on what conditions")
    signature: Signature | None = _may("who signed the letter")
    transmission: Transmission | None = _may("how the letter is sent")


def field_at(names: Sequence[str], within: type[BaseModel] = Letter) -> FieldInfo | None:
    """The field at a path of names (without indices) inside a record; None where there is none."""
    field = within.model_fields.get(names[0]) if names else None
    if field is None or len(names) == 1:
        return field
    inner = record_in(field)
    return field_at(names[1:], inner) if inner else None


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a letter: what `comity schema request` prints."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:comity:letter",
        **Letter.model_json_schema(),
    }
