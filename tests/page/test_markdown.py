"""Discord's Markdown as nodes, case by case, in the real browser."""

import re
from datetime import timedelta

import pytest
from playwright.async_api import expect

from tests.page.conftest import Studio, is_there

pytestmark = [pytest.mark.page, pytest.mark.xdist_group("page"), pytest.mark.asyncio(loop_scope="session")]

CASES = {
    "**bold** *it* _it_ __under__ ~~gone~~ `code`": (
        "<p><strong>bold</strong> <em>it</em> <em>it</em> <u>under</u> <s>gone</s> <code>code</code></p>"
    ),
    "***both*** snake_case_name 2*3*4": "<p><strong><em>both</em></strong> snake_case_name 2<em>3</em>4</p>",
    r"\*not\* \_this\_ \`that\`": "<p>*not* _this_ `that`</p>",
    "# One\n## Two\n### Three\n-# small": (
        '<h3 class="title-1">One</h3><h4 class="title-2">Two</h4><h5 class="title-3">Three</h5>'
        '<p class="small">small</p>'
    ),
    "- a\n- b\n  - c\n1. one\n2. two": (
        '<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul><ol start="1"><li>one</li><li>two</li></ol>'
    ),
    "> quoted\n> twice\nafter": "<blockquote><p>quoted\ntwice</p></blockquote><p>after</p>",
    "```py\nx = 1 < 2\n```": '<pre class="fence" tabindex="0"><code>x = 1 &lt; 2</code></pre>',
    "[name](https://a.org/x) <https://b.org/>": (
        '<p><a href="https://a.org/x" target="_blank" rel="noopener noreferrer" title="https://a.org/x">name</a> '
        '<a href="https://b.org/" target="_blank" rel="noopener noreferrer" title="https://b.org/">https://b.org/</a></p>'
    ),
    "[x](javascript:alert(1)) <b>&amp;</b>": "<p>[x](javascript:alert(1)) &lt;b&gt;&amp;amp;&lt;/b&gt;</p>",
    "<@&1> <#2> <@3>": (
        '<p><span class="mention">@unknown-role</span> <span class="mention">#unknown</span> '
        '<button type="button" class="mention" data-person="3">@unknown-person</button></p>'
    ),
    "two\n\nlines": "<p>two\n\nlines</p>",
}


async def test_each_form_becomes_its_nodes(studio: Studio) -> None:
    tab = await studio.tab()
    made = await tab.page.evaluate(
        """async (texts) => {
            const { markdown } = await import('/page/static/js/markdown.js');
            const box = document.createElement('div');
            return texts.map((text) => { box.replaceChildren(markdown(text)); return box.innerHTML; });
        }""",
        list(CASES),
    )
    assert dict(zip(CASES, made, strict=True)) == CASES


async def test_hostile_text_takes_little_more_time_than_plain_text(studio: Studio) -> None:
    tab = await studio.tab()
    ratio = await tab.page.evaluate(
        """async () => {
            const { markdown } = await import('/page/static/js/markdown.js');
            const timed = (text) => {
                const started = performance.now();
                markdown(text);
                return performance.now() - started;
            };
            let [hostile, plain] = [0, 0];
            for (const part of ['*a ', '**', '||', '[', '> ', '`', '- ', '<@', '~~']) {
                const text = part.repeat(660);
                const kind = '*a* **b** ||c|| `d` '.repeat(99).slice(0, text.length);
                // One after the other, and the best of many: what else the machine does meets both alike.
                const pairs = Array.from({ length: 7 }, () => [timed(text), timed(kind)]);
                hostile += Math.min(...pairs.map((pair) => pair[0]));
                plain += Math.min(...pairs.map((pair) => pair[1]));
            }
            return hostile / plain;
        }"""
    )
    assert ratio < 30, "what may nest is looked at once, not once for each place where it might end"


async def test_timestamps_tick_and_spoilers_open(studio: Studio) -> None:
    tab = await studio.tab()
    now = studio.clock.now()
    await tab.page.clock.install(time=now)
    await tab.page.reload()
    await is_there(tab.page)
    # From here on its clock stands still until it is moved.
    await tab.page.clock.pause_at(now + timedelta(hours=1))
    unix = int(now.timestamp()) + 3600
    studio.server.person("Ben").say(f"Due <t:{unix + 65}:R> at <t:{unix}:t> ||the secret||")
    stamp = tab.last.locator("time[data-relative]")
    await expect(stamp).to_have_text("in 1 minute")
    await tab.page.clock.fast_forward(50_000)
    await expect(stamp).to_have_text("in 15 seconds")
    await expect(stamp).to_have_attribute("title", re.compile(r"\d{4}"))
    spoiler = tab.last.get_by_role("button", name="Spoiler")
    await spoiler.press("Enter")
    await expect(tab.last.locator(".spoiler.open")).to_have_text("the secret")
