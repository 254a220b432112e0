"""The HTTP face that the real TikTok has: a table of paths, each ending in a slash, and nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from server.simulator import listing, media
from server.simulator.answers import FaultyResponse, envelope
from server.simulator.refusals import Wrong, check_token, read_json
from server.simulator.requests import Recorded, record
from server.simulator.send import Sending
from server.simulator.tokens import OAuthError
from server.simulator.world import World


class Api:
    """The handlers of TikTok's paths over one world."""

    def __init__(self, world: World) -> None:
        """Builds the table of paths."""
        self.world = world
        sending = Sending(world)
        v13 = "/open_api/v1.3"
        self.table: Mapping[tuple[str, str], Callable[[Request, bytes, Recorded], Awaitable[Response]]] = {
            ("POST", "/open_api/v1/business/message/send/"): sending.send_v1,
            ("POST", f"{v13}/business/message/send/"): sending.send_v13,
            ("GET", f"{v13}/business/message/conversation/list/"): self.conversations,
            ("GET", f"{v13}/business/message/content/list/"): self.contents,
            ("GET", f"{v13}/business/message/capabilities/get/"): self.capabilities,
            ("POST", f"{v13}/business/message/media/download/"): self.download,
            ("POST", f"{v13}/business/message/media/upload/"): self.upload,
            ("POST", f"{v13}/business/webhook/update/"): self.webhook_update,
            ("GET", f"{v13}/business/webhook/list/"): self.webhook_list,
            ("POST", f"{v13}/business/webhook/delete/"): self.webhook_delete,
            ("POST", f"{v13}/tt_user/oauth2/token/"): self.token,
            ("POST", f"{v13}/tt_user/oauth2/refresh_token/"): self.refresh,
            ("POST", f"{v13}/tt_user/oauth2/revoke/"): self.revoke,
            ("GET", "/v2/auth/authorize"): self.authorize,
            ("GET", "/v2/auth/authorize/"): self.authorize,
        }

    async def handle(self, request: Request) -> Response:
        """Records a request and answers it; what is not in the table is a 404, a missing slash included."""
        body = await request.body()
        recorded = record(request, body, number=len(self.world.requests) + 1, at=self.world.platform.now())
        self.world.requests.append(recorded)
        path = request.url.path
        handler = self.table.get((request.method, path))
        if handler is None and request.method == "GET" and path.startswith("/media/"):
            handler = self.fetch_media
        if handler is None:
            recorded.status = 404
            return Response("404 page not found", 404, media_type="text/plain")
        try:
            response = await handler(request, body, recorded)
        except Wrong as wrong:
            recorded.code = wrong.code
            content = envelope({}, recorded.request_id, code=wrong.code, message=str(wrong))
            response = JSONResponse(content, wrong.status)
        silent = isinstance(response, FaultyResponse) and response.fault.form == "cut"
        recorded.status = None if silent else response.status_code
        return response

    async def conversations(self, request: Request, _body: bytes, recorded: Recorded) -> Response:
        """Lists conversations of one kind."""
        check_token(self.world.tokens, request)
        self.check_business(request.query_params)
        try:
            data = listing.conversations(self.world.platform, request.query_params)
        except ValueError as error:
            raise Wrong(40002, str(error)) from None
        return self.faulty("list", data, recorded)

    async def contents(self, request: Request, _body: bytes, recorded: Recorded) -> Response:
        """Lists the newest messages of a conversation."""
        check_token(self.world.tokens, request)
        self.check_business(request.query_params)
        # An unencoded + has become a space by now, and no conversation has that id: as at TikTok.
        conversation = self.world.platform.conversations.get(request.query_params.get("conversation_id", ""))
        if conversation is None:
            raise Wrong(40002, "Param conversation_id is invalid.")
        return self.faulty("list", listing.contents(self.world.platform, conversation), recorded)

    async def capabilities(self, request: Request, _body: bytes, recorded: Recorded) -> Response:
        """Tells whether pictures can be sent to a conversation."""
        check_token(self.world.tokens, request)
        self.check_business(request.query_params)
        query = request.query_params
        known = query.get("conversation_id", "") in self.world.platform.conversations
        if query.get("capability_types") != '["IMAGE_SEND"]' or query.get("conversation_type") not in listing.KINDS:
            raise Wrong(40002, "Param capability_types or conversation_type is invalid.")
        if not known:
            raise Wrong(40002, "Param conversation_id is invalid.")
        allowed = self.world.platform.rules.image_send
        infos = [{"capability_type": "IMAGE_SEND", "capability_result": allowed}]
        return self.faulty("capabilities", {"capability_infos": infos}, recorded)

    async def download(self, request: Request, body: bytes, recorded: Recorded) -> Response:
        """Gives the address of a picture or a film that a customer sent."""
        check_token(self.world.tokens, request)
        content = read_json(body)
        expected = {"business_id", "conversation_id", "message_id", "media_id", "media_type"}
        if set(content) != expected or content["media_type"] not in ("IMAGE", "VIDEO"):
            raise Wrong(40002, "business_id, conversation_id, message_id, media_id and media_type are expected.")
        if not media.known(self.world.platform, content):
            raise Wrong(40007, "The media does not exist.")
        url = f"{str(request.base_url).rstrip('/')}/media/{content['media_id']}"
        return self.faulty("media", {"download_url": url}, recorded)

    async def fetch_media(self, request: Request, _body: bytes, _recorded: Recorded) -> Response:
        """Gives the bytes of a picture to those who bring the token in `x-user`."""
        if not self.world.tokens.accepts(request.headers.get("x-user", "")):
            return Response("Forbidden", 403, media_type="text/plain")
        return Response(media.picture(request.url.path.rpartition("/")[2]), media_type="image/png")

    async def upload(self, request: Request, _body: bytes, recorded: Recorded) -> Response:
        """Takes a picture that the shop wants to send."""
        check_token(self.world.tokens, request)
        async with request.form() as form:
            file = form.get("file")
            if set(form) != {"business_id", "file", "media_type"} or form.get("media_type") != "IMAGE":
                raise Wrong(40002, "business_id, file and media_type=IMAGE are expected.")
            if file is None or isinstance(file, str):
                raise Wrong(40002, "Param file is invalid.")
            content = await file.read()
        if len(content) > media.UPLOAD_LIMIT or not media.is_picture(content):
            raise Wrong(40908, "The file type or size is not supported.")
        fault = self.world.faults.plans["upload"].next()
        recorded.fault = fault.played
        media_id = f"up{len(self.world.uploads) + 1:06d}"
        if fault.applied:
            self.world.uploads[media_id] = content
        return FaultyResponse(fault, envelope({"media_id": media_id}, recorded.request_id), recorded.request_id)

    async def webhook_update(self, _request: Request, body: bytes, recorded: Recorded) -> Response:
        """Subscribes an address; webhooks go there from now on."""
        content = self.check_app(read_json(body), {"callback_url"})
        url = content["callback_url"]
        if not isinstance(url, str) or not url.startswith(("http://", "https://")):
            raise Wrong(40002, "Param callback_url is invalid.")
        if self.world.platform.rules.challenge and not await self.world.courier.challenge(url):
            raise Wrong(40002, "The callback_url did not answer the challenge.")
        self.world.courier.listener_url = url
        return self.faulty("webhook", self.subscription(), recorded)

    async def webhook_list(self, request: Request, _body: bytes, recorded: Recorded) -> Response:
        """Shows the subscription; `callback_url` is missing when there is none."""
        self.check_app(dict(request.query_params), set())
        return self.faulty("webhook", self.subscription(), recorded)

    async def webhook_delete(self, _request: Request, body: bytes, recorded: Recorded) -> Response:
        """Ends the subscription."""
        self.check_app(read_json(body), set())
        self.world.courier.listener_url = None
        return self.faulty("webhook", self.subscription(), recorded)

    async def authorize(self, request: Request, _body: bytes, _recorded: Recorded) -> Response:
        """Sends the owner's browser back at once, as if she had agreed."""
        try:
            return RedirectResponse(self.world.tokens.authorize(request.query_params), 302)
        except OAuthError as error:
            raise Wrong(error.code, str(error), 400) from None

    async def token(self, _request: Request, body: bytes, recorded: Recorded) -> Response:
        """Exchanges a code for tokens."""
        return self.grant(self.world.tokens.exchange, body, recorded)

    async def refresh(self, _request: Request, body: bytes, recorded: Recorded) -> Response:
        """Exchanges a refresh token for fresh ones."""
        return self.grant(self.world.tokens.refresh, body, recorded)

    async def revoke(self, _request: Request, body: bytes, recorded: Recorded) -> Response:
        """Ends a grant."""
        return self.grant(self.world.tokens.revoke, body, recorded)

    def grant(
        self, work: Callable[[Mapping[str, Any]], dict[str, Any] | None], body: bytes, recorded: Recorded
    ) -> Response:
        """Runs one of the token calls, after its fault."""
        fault = self.world.faults.plans["token"].next()
        request_id = recorded.request_id
        data: dict[str, Any] = {}
        if fault.applied:
            try:
                data = work(read_json(body)) or {}
            except OAuthError as error:
                raise Wrong(error.code, str(error)) from None
        recorded.fault = fault.played
        return FaultyResponse(fault, envelope(data, request_id), request_id)

    def faulty(self, operation: str, data: dict[str, Any], recorded: Recorded) -> Response:
        """Returns the honest data, or what the next fault of the operation makes of it."""
        fault = self.world.faults.plans[operation].next()
        recorded.fault = fault.played
        request_id = recorded.request_id
        return FaultyResponse(fault, envelope(data, request_id), request_id)

    def subscription(self) -> dict[str, Any]:
        """Returns the subscription as TikTok shows it."""
        url = self.world.courier.listener_url
        data = {"app_id": self.world.tokens.client_id, "event_type": "DIRECT_MESSAGE"}
        return data | ({"callback_url": url} if url else {})

    def check_business(self, query: Mapping[str, str]) -> None:
        """Raises Wrong when the account is missing."""
        if not query.get("business_id"):
            raise Wrong(40002, "Param business_id is invalid.")

    def check_app(self, content: dict[str, Any], more: set[str]) -> dict[str, Any]:
        """Returns the content when it names this app and exactly the documented fields; raises Wrong."""
        if set(content) != {"app_id", "secret", "event_type"} | more or content["event_type"] != "DIRECT_MESSAGE":
            raise Wrong(40002, "app_id, secret and event_type=DIRECT_MESSAGE are expected.")
        if not self.world.tokens.check_app(content["app_id"], content["secret"]):
            raise Wrong(40001, "app_id or secret is wrong.")
        return content
