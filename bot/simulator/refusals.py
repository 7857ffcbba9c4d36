"""What a person does not want: subscription messages, customer-service messages, template messages of the account."""

from typing import Any

from .conditions import SERVICE_REFUSALS
from .deliveries import Courier
from .mini_program_api import push_event
from .settings import Person
from .world import PeopleError, World, refused

Body = dict[str, Any]


def shown(world: World, key: str) -> Body:
    return refused(world, world.person(key))


def choose(world: World, courier: Courier, key: str, wanted: Body) -> Body:
    """{subscriptions?, templates?: true or false, customer_service?: 45015, 45047 or null}; what is not named stays as it is."""
    person = world.person(key)
    values = {**refused(world, person), **wanted}
    service = values["customer_service"]
    good = all(isinstance(values[name], bool) for name in ("subscriptions", "templates")) and set(values) == set(refused(world, person))
    if not good or (service is not None and (isinstance(service, bool) or service not in SERVICE_REFUSALS)):
        raise PeopleError("refusals.invalid", 422, "拒收是 true 或 false;客服消息是 45015、45047 或 null")
    with world.store.transaction():
        turned_off = values["subscriptions"] and not refused(world, person)["subscriptions"]
        world.store.remember(f"refusals:{person.key}", values)
        delivery = _turn_off(world, person) if turned_off else None
    if delivery is not None:
        courier.dispatch(delivery)
    return values


def _turn_off(world: World, person: Person) -> int | None:
    """Who turns subscription messages off loses what he accepted, and the mini program is told."""
    rows = world.store.rows("SELECT template FROM subscriptions WHERE openid = ? AND remaining > 0", person.mini_program_openid)
    world.store.run("UPDATE subscriptions SET remaining = 0 WHERE openid = ?", person.mini_program_openid)
    if not rows:
        return None
    items = [{"TemplateId": row["template"], "SubscribeStatusString": "reject"} for row in rows]
    return push_event(world, person, "subscribe_msg_change_event", items)
