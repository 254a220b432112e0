"""The sections of the settings: every setting with its type, its default and one line of why.

`config.toml` is rendered from the words under the fields (`server.settings_text`), and reading and checking are in
`server.settings`.

msgspec rather than pydantic-settings, because the inbox reads its settings before its first paint (100 ms against
480 ms of imports); docs/decisions/0003.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from store.stock import Unit

Positive = Annotated[int, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]
Seconds = Annotated[float, Meta(gt=0)]
Port = Annotated[int, Meta(ge=0, le=65535)]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$")]


class Shop(Struct, frozen=True, forbid_unknown_fields=True):
    """Who the shop is."""

    name: str = "Philia Thrifts"
    """As the replies call it."""
    handle: str = "@philia.thrifts"
    """Shown in the inbox's header."""
    currency: Currency = "USD"
    """Of every price, three letters."""
    timezone: str = "UTC"
    """An IANA name such as Europe/Berlin; quiet hours and day lines follow it."""
    unit: Unit = "in"
    """in or cm; lengths are shown and read in it."""
    policies: str = "policies.toml"
    """The owner's own words on shipping, returns, payment, holds and discounts."""
    region: str = ""
    """Where the TikTok account is registered, two letters; doctor tells what that means."""


class DatabaseSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the data is."""

    url: str = "sqlite:///philia.db"
    """A file of SQLite; a relative path counts from the folder of config.toml."""


class Listener(Struct, frozen=True, forbid_unknown_fields=True):
    """Where TikTok's webhooks arrive."""

    host: str = "127.0.0.1"
    """A tunnel reaches it here; nothing else should."""
    port: Port = 8000
    """0 takes any free port and tells which."""
    path: str = "/webhook/tiktok"
    """The route of the webhook."""
    require_signature: bool | None = None
    """On when TIKTOK_APP_SECRET is set, unless said otherwise."""
    signature_tolerance_seconds: Positive = 300
    """How far TikTok's clock may be from ours, both ways."""
    body_limit_bytes: Positive = 262_144
    """Larger bodies are answered 413."""
    rate_per_minute: Positive = 120_000
    """Webhooks of one verified business."""
    unverified_per_minute: Positive = 600
    """Requests without a valid signature, all callers together."""
    metrics: bool = False
    """Prometheus text on /metrics of a port of its own, for this machine only."""
    metrics_port: Port = 9108
    """That port on 127.0.0.1, which no tunnel shows; 0 takes any free one, and the log tells which."""
    keep_raw_days: Positive = 30
    """After this the raw bodies of applied events are emptied."""


class Backup(Struct, frozen=True, forbid_unknown_fields=True):
    """The copy made every night while the shop stays open."""

    nightly: bool = True
    """Whether the server makes one; a night it slept through is made up for at its next start."""
    hour: Annotated[int, Meta(ge=0, le=23)] = 4
    """The hour of the shop's time zone."""
    folder: str = ""
    """Empty is backups beside the database; a relative path counts from the folder of config.toml."""
    keep: Positive = 14
    """How many are kept; older ones are deleted."""


class TikTok(Struct, frozen=True, forbid_unknown_fields=True):
    """The platform."""

    api: Literal["auto", "v1", "v1.3"] = "auto"
    """auto answers in the dialect in which a conversation was opened."""
    base_url: str = "https://business-api.tiktok.com"
    """Only tests and the demo point elsewhere."""
    auth_url: str = "https://www.tiktok.com/v2/auth/authorize"
    """Where the owner signs in."""


class Agent(Struct, frozen=True, forbid_unknown_fields=True):
    """Who drafts, and with what."""

    drafter: Literal["auto", "model", "house"] = "auto"
    """auto is the model when OPENAI_API_KEY is set, else the house drafter."""
    model: str = "gpt-4o"
    """A dated snapshot may be pinned."""
    base_url: str = ""
    """Any OpenAI-compatible server; empty is OpenAI's own. OPENAI_BASE_URL in the environment wins."""
    debounce_seconds: NotNegative = 4.0
    """Silence to wait for before drafting, since customers write in bursts."""
    debounce_limit_seconds: NotNegative = 20.0
    """The longest a burst can put a draft off."""
    history: Positive = 5
    """Messages the drafter sees."""
    timeout_seconds: Seconds = 20.0
    """One call of the model."""
    draft_seconds: Seconds = 45.0
    """The whole draft; after it the house drafter answers."""
    daily_budget: NotNegative = 5.0
    """In US dollars; once spent, the house drafter takes over until midnight of the shop. 0 is no limit."""
    prefetch: bool = False
    """Search with the customer's own words first and save a round trip; see docs/agent.md for what it costs."""
    prompts: str = ""
    """A folder of the owner's own prompts; empty takes the shipped one."""
    languages: tuple[str, ...] = ("en", "es")
    """The phrasebooks of the house drafter."""


class Delivery(Struct, frozen=True, forbid_unknown_fields=True):
    """How replies leave."""

    undo_seconds: NotNegative = 5.0
    """How long the owner's own sends can be taken back."""
    auto_undo_seconds: NotNegative = 60.0
    """How long automatic ones can."""
    rate_per_minute: Positive = 30
    """TikTok's limit; never more than this many starts in any 60 s."""
    quota_per_window: Positive = 10
    """Replies per customer message; sources disagree, see docs/tiktok.md."""
    quota_after_reply: bool = True
    """Whether every customer message refills the quota."""
    window_hours: Seconds = 48.0
    """The reply window, from the customer's last message."""
    grace_after_window: NotNegative = 0.0
    """Seconds after the window in which a send is still tried."""
    quiesce_seconds: NotNegative = 90.0
    """How long an unknown delivery is left alone before listings may call it absent."""
    listing_gap_seconds: NotNegative = 30.0
    """Between the two listings that must agree."""
    retry_seconds: tuple[Seconds, ...] = (2.0, 5.0, 15.0, 60.0, 300.0)
    """Pauses before the next tries after a definite "not sent"; the last one repeats."""
    timeout_seconds: Seconds = 10.0
    """One request to the platform."""
    links: Literal["warn", "block", "allow"] = "warn"
    """What a link in a reply does."""
    v1_server_error: Literal["retry", "ask"] = "retry"
    """A 5xx in dialect v1: the specification says retry; ask treats it as unknown."""
    resend_when_absent: Literal["answered", "always", "never"] = "answered"
    """Whether a proven absence may be sent again without asking."""
    phone_pause_hours: NotNegative = 12.0
    """How long automatic replies rest after the owner answered on her phone."""
    listing_minutes: Seconds = 5.0
    """Between two looks for messages the webhooks missed."""


class AutoReply(Struct, frozen=True, forbid_unknown_fields=True):
    """What may go out without the owner."""

    mode: Literal["off", "shadow", "on"] = "shadow"
    """shadow decides and records, and sends nothing."""
    intents: tuple[str, ...] = ("greeting", "availability", "price", "measurement", "policy")
    """The kinds of question that may ever be answered by themselves."""
    quiet_hours: str = ""
    """Such as 22:00-08:00 in the shop's time zone; empty is none."""
    earn_decisions: Positive = 20
    """Shadow decisions an intent needs."""
    earn_unedited: Annotated[float, Meta(ge=0, le=1)] = 0.95
    """The share of them the owner must have sent unchanged."""
    lose_unedited: Annotated[float, Meta(ge=0, le=1)] = 0.90
    """Below this in a week an intent is taken back."""
    in_a_row: Positive = 2
    """Automatic replies one after another in a conversation."""
    per_day: Positive = 5
    """Automatic replies a customer gets a day."""


class Inbox(Struct, frozen=True, forbid_unknown_fields=True):
    """The screen."""

    theme: str = "philia-dark"
    """philia-dark, philia-light, philia-contrast, philia-colourblind, or any of Textual's."""
    notify: Literal["off", "bell", "desktop"] = "bell"
    """What a new message does when the terminal is not in focus."""
    pictures: bool = True
    """Show customers' pictures where the terminal can."""
    keys: dict[str, str] = {}
    """Action = keys, such as approve = "a,enter"; see ? in the inbox for the names."""


class Tunnel(Struct, frozen=True, forbid_unknown_fields=True):
    """The public address."""

    command: str = ""
    """cloudflared, ngrok, tailscale, ssh, localtunnel, or any command with {port}."""
    public_url: str = ""
    """A fixed public address, when something else keeps the tunnel."""


class Log(Struct, frozen=True, forbid_unknown_fields=True):
    """What is written down for whoever mends it."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """Of the log file."""
    file: str = ""
    """Empty is philia.log beside the database."""
    texts: bool = False
    """Whether messages' texts may stand in the log. Leave it off."""


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """All of it."""

    shop: Shop = Shop()
    database: DatabaseSettings = DatabaseSettings()
    listener: Listener = Listener()
    backup: Backup = Backup()
    tiktok: TikTok = TikTok()
    agent: Agent = Agent()
    delivery: Delivery = Delivery()
    auto_reply: AutoReply = AutoReply()
    inbox: Inbox = Inbox()
    tunnel: Tunnel = Tunnel()
    log: Log = Log()
