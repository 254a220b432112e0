"""`philia login`, `logout`, `webhook`, `tunnel`: what they are called with. What they do is imported when called."""

from __future__ import annotations

from typing import Annotated

import typer

from philia_tui.commands.context import shop
from philia_tui.commands.grouped import SETTING_UP, Grouped
from philia_tui.commands.running import through

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]

webhook_app = typer.Typer(cls=Grouped, no_args_is_help=True, help="Where TikTok posts its webhooks.")


def register(root: typer.Typer) -> None:
    """Mounts the commands on the root."""
    root.command(rich_help_panel=SETTING_UP)(login)
    root.command(rich_help_panel=SETTING_UP)(logout)
    root.add_typer(webhook_app, name="webhook", rich_help_panel=SETTING_UP)
    root.command(rich_help_panel=SETTING_UP)(tunnel)


def login(
    ctx: typer.Context,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address instead of opening it.")] = False,
    paste: Annotated[
        bool, typer.Option("--paste", help="The browser is elsewhere: paste the address that it ends at.")
    ] = False,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Of the redirect address on this machine; 8765 by default.")
    ] = None,
    redirect: Annotated[
        str | None, typer.Option(help="The redirect address that is registered, if it is another; implies --paste.")
    ] = None,
    keep: Annotated[str | None, typer.Option(help="keyring or file: where the tokens are kept.")] = None,
    as_json: Json = False,
) -> None:
    """Sign in at TikTok, so that replies can be sent; the tokens are renewed by themselves.

    Register http://127.0.0.1:8765/callback/ as a redirect address of your app first.

    Example: philia login
    """
    from philia_tui.commands import account  # noqa: PLC0415  # httpx, 150 ms

    if keep not in {None, "keyring", "file"}:
        raise typer.BadParameter(f"{keep!r}; allowed are keyring, file", param_hint="--keep")
    account.sign_in(
        shop(ctx), port=port, redirect=redirect, browser=not no_browser, paste=paste, keep=keep, as_json=as_json
    )


def logout(ctx: typer.Context) -> None:
    """Give TikTok's permission back and forget the tokens.

    Example: philia logout
    """
    from philia_tui.commands import account  # noqa: PLC0415  # see login

    account.sign_out(shop(ctx))


@webhook_app.command("subscribe")
def webhook_subscribe(
    ctx: typer.Context,
    address: Annotated[str | None, typer.Argument(help="The public address; else the tunnel's.")] = None,
    as_json: Json = False,
) -> None:
    """Have TikTok post its webhooks to the shop's public address.

    Example: philia webhook subscribe https://philia.example.com
    """
    from philia_tui.commands import account  # noqa: PLC0415  # see login

    if address is not None and not address.startswith(("https://", "http://")):
        raise typer.BadParameter(f"{address!r} does not begin with https://", param_hint="ADDRESS")
    account.subscribe(shop(ctx), address, as_json=as_json)


@webhook_app.command("list")
def webhook_list(ctx: typer.Context, as_json: Json = False) -> None:
    """Show where TikTok posts its webhooks.

    Example: philia webhook list
    """
    from philia_tui.commands import account  # noqa: PLC0415  # see login

    account.show_subscription(shop(ctx), as_json=as_json)


@webhook_app.command("remove")
def webhook_remove(ctx: typer.Context, as_json: Json = False) -> None:
    """Have TikTok post its webhooks nowhere.

    Example: philia webhook remove
    """
    from philia_tui.commands import account  # noqa: PLC0415  # see login

    account.unsubscribe(shop(ctx), as_json=as_json)


def tunnel(
    ctx: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(help="cloudflared, ngrok, tailscale, ssh, localtunnel, or any command with {port}."),
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Show the listener to the world without TikTok's signature.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Give a server that runs already a public address, until Ctrl+C; the webhook follows it.

    Example: philia tunnel cloudflared
    """
    from philia_tui.commands import account  # noqa: PLC0415  # see login

    account.open_tunnel(through(shop(ctx), name), insecure=insecure, as_json=as_json)
