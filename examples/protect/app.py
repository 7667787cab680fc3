from flask import Blueprint, Flask
from flask.typing import ResponseReturnValue
from flask.views import MethodView
from ostiary import Passwords, Roles, Sessions, Tokens
from ostiary.flask import Auth

app = Flask(__name__)
auth = Auth(app, [Passwords(), Sessions(), Tokens(), Roles({"staff": ["order:*"]})], closed=True)
admin = Blueprint("admin", __name__, url_prefix="/admin")
auth.protect(admin, role="staff")  # every view of it and of blueprints inside it, before or after registering


@admin.get("/health")
@auth.public
def health() -> ResponseReturnValue:
    return {"ok": True}


class Orders(MethodView):
    decorators = [auth.require("order:read")]

    def get(self, id: int) -> ResponseReturnValue:
        return {"id": id}

    @auth.require("order:write")
    def put(self, id: int) -> ResponseReturnValue:
        return {"id": id}


@app.get("/report")
@auth.require
async def report() -> ResponseReturnValue:
    return {"for": (await auth.get_user()).email}


app.add_url_rule("/orders/<int:id>", view_func=Orders.as_view("orders"))
app.register_blueprint(admin)
