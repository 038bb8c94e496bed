"""The page as a reader's program sees it: it parses, needs nothing else, and every figure is there and has content."""

import base64
import html.parser
import json
import shutil
import subprocess
import xml.etree.ElementTree as ET

import pytest
from PIL import Image

from nao_tf.cli import main
from nao_tf.reports.page import Section, page
from nao_tf.reports.report import make_report
from tests.reports.conftest import ROWS, write_workdir

FIGURES = {'cell_1', 'cell_2', 'cell_3', 'scores', 'rounds', 'predictions', 'embedding', 'sizes', 'seconds'}
BROWSER = next(filter(None, map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome', 'chrome'))), None)
# Asks the browser itself how large each figure came out, and how much of it is not background.
SCRIPT = """<script>window.addEventListener('load', () => {
  const seen = {};
  for (const image of document.images) {
    const canvas = document.createElement('canvas'), w = canvas.width = image.naturalWidth,
      h = canvas.height = image.naturalHeight, context = canvas.getContext('2d');
    context.fillStyle = '#fff'; context.fillRect(0, 0, w, h); context.drawImage(image, 0, 0);
    const data = context.getImageData(0, 0, w, h).data;
    let inked = 0;
    for (let i = 0; i < data.length; i += 4) inked += data[i] + data[i + 1] + data[i + 2] < 700;
    seen[image.id] = [image.getBoundingClientRect().width, h, inked / (w * h)];
  }
  document.body.innerHTML = '<pre>' + JSON.stringify(seen) + '</pre>';
});</script></body>"""


class Reader(html.parser.HTMLParser):
    """Collects the figures and links of a page, and checks that every element is closed in its turn."""

    def __init__(self):
        super().__init__()
        self.open, self.images, self.anchors, self.links, self.text = [], {}, set(), set(), ''

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == 'img':
            assert attrs['alt']
            self.images[attrs['id']] = attrs['src']
        elif tag == 'a':
            self.links.add(attrs['href'].removeprefix('#'))
        if 'id' in attrs:
            self.anchors.add(attrs['id'])
        assert tag not in ('script', 'link', 'iframe')
        if tag not in ('img', 'meta'):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def read(path):
    reader = Reader()
    text = path.read_text(encoding='utf-8')
    reader.feed(text)
    reader.close()
    assert reader.open == []
    assert 'http' not in text.split('base64')[0], 'the page opens offline'
    return reader


@pytest.fixture(scope='module')
def reported(tmp_path_factory):
    """A work directory of an unfinished search with a random arm, its page made by the command."""
    workdir = write_workdir(tmp_path_factory.mktemp('report') / 'run', ROWS)
    rows = [{'training': n, 'pairwise_accuracy': 0.7, 'kendall_tau': 0.4, 'hamming_distance': 0.2} for n in (100, 550)]
    (workdir / 'report').mkdir()
    curve = {'cells': 600, 'held_out': 50, 'draws': 1, 'preset': 'default', 'rows': rows}
    (workdir / 'report' / 'predictor_curve.json').write_text(json.dumps(curve))
    assert main(['nao', 'report', f'--workdir={workdir}']) == 0
    return workdir


def test_page_and_figures(reported):
    reader = read(reported / 'report' / 'report.html')
    assert set(reader.images) == FIGURES | {'predictor_curve'}
    assert reader.links <= reader.anchors
    for name, source in reader.images.items():
        drawing = base64.b64decode(source.removeprefix('data:image/svg+xml;base64,'))
        assert drawing == (reported / 'report' / f'{name}.svg').read_bytes()
        assert len(ET.fromstring(drawing).findall('.//{http://www.w3.org/2000/svg}path')) > 10
        with Image.open(reported / 'report' / f'{name}.png') as picture:
            assert min(picture.size) > 200
            assert len(picture.convert('RGB').getcolors(1 << 24)) > 20
    for words in (
        'trial 6: validation accuracy 0.9000',
        '9 finished, 1 failed, 10 proposed',
        'fitted again',
        'node_3 =',
    ):
        assert words in reader.text


def test_the_same_history_gives_the_same_figures(reported, tmp_path):
    again = write_workdir(tmp_path / 'run', ROWS)
    output = tmp_path / 'elsewhere' / 'page.html'
    assert make_report(again, output) == output
    read(output)
    for name in FIGURES:
        for kind in ('svg', 'png'):
            assert (again / 'report' / f'{name}.{kind}').read_bytes() == (
                reported / 'report' / f'{name}.{kind}'
            ).read_bytes(), name


@pytest.mark.skipif(BROWSER is None, reason='no browser is installed')
def test_a_browser_shows_every_figure(reported, tmp_path):
    text = (reported / 'report' / 'report.html').read_text(encoding='utf-8')
    asking = tmp_path / 'page.html'
    asking.write_text(text.replace('</body>', SCRIPT), encoding='utf-8')
    shown = subprocess.run(
        [BROWSER, '--headless', '--no-sandbox', '--disable-gpu', f'--user-data-dir={tmp_path / "profile"}',
         '--window-size=1200,900', '--virtual-time-budget=20000', '--dump-dom', asking.as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    ).stdout  # fmt: skip
    seen = json.loads(shown.split('<pre>')[1].split('</pre>')[0])
    assert set(seen) == FIGURES | {'predictor_curve'}
    for name, (width, height, inked) in seen.items():
        assert 300 < width <= 1200, name
        assert height > 100, name
        assert 0.005 < inked < 0.9, name


def test_a_small_recurrent_search_without_random_arm(tmp_path):
    rows = [('search', 0, 'random', None, score, None, 500) for score in (0.3, 0.4, 0.2)]
    reader = read(make_report(write_workdir(tmp_path / 'run', rows, 'nao_rnn', searcher__name='random')))
    assert set(reader.images) == {'cell_1', 'cell_2', 'cell_3', 'scores', 'rounds', 'seconds'}
    for words in (
        'perplexity 15.85',  # 100 ** (1 - 0.4)
        'No finished cell was predicted',
        'at least 8 finished architectures',
        'All children have 500 parameters',
    ):
        assert words in reader.text


def test_a_search_that_runs(tmp_path):
    rows = [*ROWS[:3], *((*row[:4], None, *row[5:]) for row in (ROWS[3], ROWS[8]))]
    workdir = write_workdir(tmp_path / 'run', rows)
    with open(workdir / 'trials.jsonl', 'a') as journal:
        journal.write('{"event": "fini')
    reader = read(make_report(workdir))
    assert {'scores', 'rounds', 'sizes', 'seconds'} <= set(reader.images)
    assert '3 finished, 0 failed, 5 proposed' in reader.text
    assert 'trials.jsonl:13 is damaged and was skipped' in reader.text


def test_what_a_person_wrote_is_text():
    reader = Reader()
    reader.feed(page('<b>', '&amp;', [Section('a < b', ['<i>x'], table=[('<', '>')], code=('&', '<pre>'))], ['<u>']))
    assert not reader.open
    assert all(words in reader.text for words in ('<b>', '&amp;', 'a < b', '<i>x', '<pre>', '<u>'))
