"""/v1/organisations, /v1/practitioners: what an administrator does within his county."""

from __future__ import annotations

from sanic import Blueprint

from core.people import commands_nearby as nearby
from core.people import commands_register as register
from core.people import commands_staff as staff
from miniprogram_api.http.api import order_route

blueprint = Blueprint("staff", url_prefix="/v1")

order_route(blueprint, "GET", "/organisations", staff.Organisations)
order_route(blueprint, "POST", "/organisations", staff.RegisterOrganisation, status=201)
order_route(blueprint, "POST", "/registers/check", register.CheckRegister)
order_route(blueprint, "POST", "/registers", register.ImportRegister, status=201)
order_route(blueprint, "PUT", "/organisations/<organisation_id:str>/name", staff.RenameOrganisation)
order_route(blueprint, "PUT", "/organisations/<organisation_id:str>/place", staff.MoveOrganisation)
order_route(blueprint, "PUT", "/organisations/<organisation_id:str>/location", nearby.PlaceOrganisation)
order_route(blueprint, "POST", "/organisations/<organisation_id:str>/closing", staff.CloseOrganisation, status=201)
order_route(blueprint, "GET", "/organisations/<organisation_id:str>/practitioners", staff.Practitioners)
order_route(blueprint, "POST", "/organisations/<organisation_id:str>/practitioners", staff.RegisterPractitioner, status=201)
order_route(blueprint, "GET", "/practitioners/<practitioner_id:str>", staff.ViewPractitioner)
order_route(blueprint, "PUT", "/practitioners/<practitioner_id:str>/licence", staff.ChangeLicence)
order_route(blueprint, "POST", "/practitioners/<practitioner_id:str>/roles", staff.GrantRole, status=201)
order_route(blueprint, "POST", "/practitioners/<practitioner_id:str>/roles/end", staff.EndRole, status=201)
order_route(blueprint, "POST", "/practitioners/<practitioner_id:str>/deactivation", staff.DeactivatePractitioner, status=201)
order_route(blueprint, "DELETE", "/practitioners/<practitioner_id:str>/deactivation", staff.ActivatePractitioner)
