"""/v1/break-glass: open a record in an emergency, and what the county's reviewers say of it. When the last backup was."""

from __future__ import annotations

from sanic import Blueprint

from core.oversight import backups
from core.oversight import commands as oversight
from core.oversight import commands_disposals as disposals
from core.oversight import commands_erasures as erasures
from miniprogram_api.http.api import order_route

blueprint = Blueprint("oversight", url_prefix="/v1")

order_route(blueprint, "POST", "/break-glass", oversight.BreakTheGlass, status=201)
order_route(blueprint, "GET", "/break-glass", oversight.MyBreakGlasses)
order_route(blueprint, "GET", "/break-glass/to-review", oversight.BreakGlassesToReview)
order_route(blueprint, "GET", "/break-glass/<break_glass_id:str>", oversight.ReadBreakGlass)
order_route(blueprint, "POST", "/break-glass/<break_glass_id:str>/review", oversight.ReviewBreakGlass)
order_route(blueprint, "GET", "/disposals", disposals.Disposals)
order_route(blueprint, "POST", "/disposals/<disposal_id:str>/hold", disposals.HoldDisposal)
order_route(blueprint, "POST", "/disposals/<disposal_id:str>/release", disposals.ReleaseDisposal)
order_route(blueprint, "GET", "/patients/<patient_id:str>/break-glass", oversight.BreakGlassesOfPatient)
order_route(blueprint, "GET", "/backups/last", backups.ShowLastBackup)
order_route(blueprint, "GET", "/erasure", erasures.ErasurePreview)
order_route(blueprint, "POST", "/erasure", erasures.EraseMine)
order_route(blueprint, "POST", "/patients/<patient_id:str>/unlock", erasures.UnlockRecord)
order_route(blueprint, "GET", "/erasure-requests", erasures.ErasureRequests)
order_route(blueprint, "POST", "/erasure-requests/<request_id:str>", erasures.SettleErasure)
