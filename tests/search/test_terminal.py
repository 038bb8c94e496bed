"""What is printed in each mode, on a terminal and in a file."""

import io
import json
import math
import os
import pty
import re

import pytest
from rich.console import Console
from rich.table import Table

from nao_tf.cli import main
from nao_tf.search.terminal import Terminal, as_terminal
from tests.support import tiny_space


def use(terminal):
    """Does what every long command does."""
    table = Table('figure')
    table.add_row('0.5')
    terminal.print('task [digits]', markup=False)
    terminal.doing('training', 0, 2)
    terminal.tell('ended', score=math.nan, nested={'values': (1.5, math.inf)})
    terminal.advance(1, 2, line='trial 1 of 2 | score 0.5', brief='score 0.5')
    terminal.warn('a [strange] thing')
    terminal.advance(2, 2, line='trial 2 of 2 | score 0.6', brief='score 0.6')
    terminal.notice('the same command continues')
    terminal.results(best=0.6)
    terminal.print(table)
    terminal.print('model: file')


def said(mode):
    file = io.StringIO()
    use(Terminal(mode, file=file))
    return file.getvalue()


def test_plain_lines_in_a_file():
    lines = said('plain').splitlines()
    assert lines[:5] == [
        'task [digits]',
        'trial 1 of 2 | score 0.5',
        'warning: a [strange] thing',
        'trial 2 of 2 | score 0.6',
        'the same command continues',
    ]
    assert '0.5' in ''.join(lines[5:-1])
    assert lines[-1] == 'model: file'


def test_quiet_prints_warnings_notices_and_results():
    lines = said('quiet').splitlines()
    assert lines[:2] == ['warning: a [strange] thing', 'the same command continues']
    assert lines[-1] == 'model: file'
    assert 'trial' not in ''.join(lines)


def test_json_prints_events_alone():
    assert [json.loads(line) for line in said('json').splitlines()] == [
        {'event': 'message', 'text': 'task [digits]'},
        {'event': 'ended', 'score': None, 'nested': {'values': [1.5, None]}},
        {'event': 'warning', 'text': 'a [strange] thing'},
        {'event': 'message', 'text': 'the same command continues'},
        {'event': 'summary', 'best': 0.6},
    ]


def test_one_updated_line_on_a_terminal(monkeypatch):
    monkeypatch.setenv('TERM', 'xterm')
    master, slave = pty.openpty()
    with os.fdopen(slave, 'w') as file:
        terminal = Terminal(file=file, width=100)
        assert terminal.live
        use(terminal)
        file.flush()
        out = ''
        while not out.endswith('model: file\r\n'):
            out += os.read(master, 1 << 16).decode()
    os.close(master)
    text = re.sub(r'\x1b\[[0-9;?]*[A-Za-z]', '', out)
    assert 'trial 1 of 2' not in text
    assert re.search(r'training .*1/2 score 0.5', text)
    assert re.search(r'training .*2/2 score 0.6', text)
    assert text.index('a [strange] thing') < text.index('model: file')
    assert '\x1b[?25h' in out  # the cursor is back


def test_any_console_will_do():
    file = io.StringIO()
    use(as_terminal(Console(file=file, width=70)))
    assert file.getvalue() == said('plain')
    quiet = io.StringIO()
    use(as_terminal(Console(file=quiet, quiet=True)))
    assert quiet.getvalue() == ''
    terminal = Terminal()
    assert as_terminal(terminal) is terminal


@pytest.fixture(scope='module')
def command(tmp_path_factory):
    fields = {
        'space.module': tiny_space.__file__,
        'searcher.name': 'random',
        'searcher.initial': 2,
        'searcher.rounds': 0,
        'child.epochs': 1,
        'child.filters': 4,
        'threads': 0,
        'baseline': 'none',
    }
    workdir = tmp_path_factory.mktemp('search') / 'run'
    flags = [f'--config.{name}={value}' for name, value in fields.items()]
    return ['nao', 'search', '--config=configs/digits.py', f'--workdir={workdir}', *flags], workdir


def test_a_search_for_machines_then_its_results_alone(command, capsys):
    arguments, workdir = command
    assert main([*arguments, '--json']) == 0
    out, err = capsys.readouterr()
    events = [json.loads(line) for line in out.splitlines()]
    assert err == ''
    kinds = [event['event'] for event in events]
    assert [kind for kind in kinds if kind != 'message'] == ['proposing', *2 * ['started', 'ended'], 'summary']
    summary = json.loads((workdir / 'summary.json').read_text())
    assert events[-1] == {'event': 'summary', **summary}
    ended = [event for event in events if event['event'] == 'ended']
    assert [event['done'] for event in ended] == [1, 2]
    assert max(event['score'] for event in ended) == summary['best']['score'] == ended[-1]['best_score']
    assert main([*arguments, '--quiet']) == 0
    out = capsys.readouterr().out
    assert out.lstrip().startswith('Rounds of random')
    assert 'model: ' in out
    assert main(['nao', 'status', f'--workdir={workdir}', '--json']) == 0
    (status,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (status['kind'], status['ended'], status['total'], status['finished']) == ('search', 2, 2, True)
    assert main([*arguments, '--quiet', '--json']) == 2
    assert 'give one of them' in capsys.readouterr().err
