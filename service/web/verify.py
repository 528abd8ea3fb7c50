"""How to check a certificate without believing us: a page that recounts it in the visitor's own browser, and the keys to compare.

The checker is the file that also lies in every evidence bundle (``service.proof.page``). Here it stands inside a page of the site;
as a file on its own it is at ``/verify.html``. Both may run exactly that style and that script, named by their hashes, and
neither may talk to anybody: what a visitor checks here is nobody's business.
"""

from __future__ import annotations

import hashlib

from litestar import Request, Response, Router, route
from litestar.datastructures import State
from litestar.enums import HttpMethod
from litestar.params import FromPath
from markupsafe import Markup

from service import certificates
from service.errors import Misconfigured
from service.proof import page
from service.proof.certificate import Trust, fingerprint
from service.web.pages import CACHED, CACHED_LONG, SECURITY_HEADERS, language, pages_of

READ = [HttpMethod.GET, HttpMethod.HEAD]

_PARTS = page.parts()


def policy(*, style: str = "") -> str:
    """What the checker needs and nothing else; ``style`` are further sources of style."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {_PARTS.script_source}",
            f"style-src {f'{style} ' if style else ''}{_PARTS.style_source}",
            "img-src 'self'",
            "worker-src blob:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )


@route("/{lang:str}/verify", http_method=READ, include_in_schema=False)
async def verify(request: Request[object, object, State], lang: FromPath[str]) -> Response[bytes]:
    """The checker, the commands, and this installation's keys: where a certificate says that fingerprints are published."""
    lang = language(request, lang)
    state = request.app.state
    try:
        keys = Trust.parse(await certificates.trust(state.pool, state.ring, state.settings))
    except Misconfigured:  # no petition yet, or the organizers keep their key elsewhere: the page says so
        keys = None
    return pages_of(request).respond(
        "verify.html",
        lang,
        cache=CACHED,
        headers={"content-security-policy": policy(style="'self'")},
        path="/verify",
        # our own file, whose style and script the policy names by their hashes
        style=Markup(f"<style>{_PARTS.style}</style>"),  # noqa: S704
        checker=Markup(_PARTS.checker),  # noqa: S704
        script=Markup(f"<script>{_PARTS.script}</script>"),  # noqa: S704
        digest=hashlib.sha256(page.html()).hexdigest(),
        keys=keys,
        fingerprints=[fingerprint(key) for key in keys.certificate_keys] if keys else [],
    )


@route("/verify.html", http_method=READ, include_in_schema=False)
async def alone(request: Request[object, object, State]) -> Response[bytes]:
    """The checker as one file, to keep and to open without a network: the same bytes as in a bundle."""
    return Response(
        page.html(),
        media_type="text/html",
        headers={**SECURITY_HEADERS, "content-security-policy": policy(), "cache-control": CACHED_LONG},
    )


def router() -> Router:
    """All routes of this module."""
    return Router("/", route_handlers=[verify, alone])
