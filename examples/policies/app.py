from datetime import UTC, datetime
from flask import Flask, render_template_string, request
from flask.typing import ResponseReturnValue
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select
from ostiary import ApiKeys, Passwords, Roles, Sessions
from ostiary.flask import Auth
from ostiary.policies import Allow, Deny, all_of, any_of, anyone, not_, owner, permitted, proven, shared, where

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///newspaper.sqlite3"
app.config.from_prefixed_env()
db = SQLAlchemy(app)
auth = Auth(app, [Passwords(), Sessions(), ApiKeys(), Roles({"editor": ["article:*"]})])


class Share(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    article_id = db.Column(db.ForeignKey("article.id"))
    subject = db.Column(db.String(40))


class Article(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    author_id = db.Column(db.String(40))
    desk = db.Column(db.String(40))  # roles are given at a desk: auth.roles.assign(..., on=("desk", "sport"))
    title = db.Column(db.String(200))
    notes = db.Column(db.Text)
    published_on = db.Column(db.Date)
    printing = db.Column(db.Boolean, default=False, nullable=False)
    shares = db.relationship(Share)


mine = any_of(owner(Article.author_id), permitted("article:edit", on=("desk", Article.desk)))
auth.policy("delete", Article)(all_of(mine, not_(where(Article.printing.is_(True))), proven(fresh="5m")))
auth.policy("read", Article, visitors=True, fields=["title"])(anyone())
auth.policy("read", Article, fields=["notes"])(mine)
auth.policy("edit", Article, fields=["title", "notes"])(anyone())


@auth.policy("read", Article, visitors=True, filters=True)
def read(principal, context):  # no article among its parameters: it answers a rule, which filters rows as well
    published = where(Article.published_on <= datetime.fromtimestamp(context.at / 1000, UTC).date())
    return any_of(published, mine, shared(via=Article.shares, to=Share.subject)) if principal else published


@auth.policy("edit", Article)
def edit(principal, article):  # decides about one article at a time
    if article.printing:
        return Deny("It is being printed.", code="printing", public=True)
    return Allow("she wrote it") if article.author_id == principal.subject else mine


@auth.resource(Article)  # flask ostiary explain --subject ada@example.com --action edit --resource article:1
def load_article(id: int):
    return db.session.get(Article, id)


@app.get("/articles")
@auth.optional
def articles() -> ResponseReturnValue:
    found = db.session.scalars(select(Article).where(auth.visible("read", Article)).order_by(Article.id))
    return render_template_string(
        "{% for a in found %}{{ a.title }}{% if auth.can('edit', a) %} (edit){% endif %}\n{% endfor %}", found=found
    )


@app.get("/articles/<int:id>")
@auth.require(
    can="read", resource=load_article, into="article", hidden=True
)  # loaded once; refused and missing are 404
def article(article: Article) -> ResponseReturnValue:
    return auth.readable(article)


@app.patch("/articles/<int:id>")
@auth.require(can="edit", resource=load_article, into="article", hidden=True)
def change(article: Article) -> ResponseReturnValue:
    for name, value in auth.writable(article, request.get_json()).items():  # 403 for author_id, printing and the like
        setattr(article, name, value)
    db.session.commit()
    return auth.readable(article)


@app.delete("/articles/<int:id>")
@auth.require(can="delete", resource=load_article, into="article", hidden=True)
def delete(article: Article) -> ResponseReturnValue:
    db.session.delete(article)
    db.session.commit()
    return "", 204
