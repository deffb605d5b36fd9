"""Pages: what is said in them is said as it is, and tables tell words from figures."""

from html.parser import HTMLParser

from training.page.document import document, heading, paragraph, table


def test_words_are_left_and_figures_right_and_all_is_escaped() -> None:
    long = "A sentence that is too long to stand in one line of a table."
    drawn = table(("Channel", "Why", "Times"), [("web & app", long, "3")], words=2)
    assert drawn.count('<th class="word">') == 2
    assert '<td class="word">web &amp; app</td>' in drawn
    assert f'<td class="word long">{long}</td><td>3</td>' in drawn
    page = document("What <b>", [heading("One"), heading("Two", 3), paragraph("a < b"), drawn])
    assert "<title>What &lt;b&gt;</title>" in page
    assert "<h3>Two</h3>\n<p>a &lt; b</p>" in page
    HTMLParser().feed(page)
