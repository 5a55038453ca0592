"""The style sheet of the docs page: system fonts, light and dark, readable on a phone."""

STYLE = """
:root { color-scheme: light dark; --ink: #1c2330; --soft: #5b6577; --line: #dfe3ea; --back: #fbfcfe;
  --card: #ffffff; --code: #eef1f6; --accent: #2457d6; --mark: #0b7a55; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --soft: #9aa4b5; --line: #2c3442;
  --back: #11151c; --card: #181d26; --code: #232a36; --accent: #8ab0ff; --mark: #5fd3a5; } }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; }
body { margin: 0 auto; max-width: 78rem; padding: 2rem 1.25rem 5rem; color: var(--ink);
  background: var(--back); font: 16px/1.6 system-ui, sans-serif; display: grid;
  grid-template-columns: 17rem minmax(0, 1fr); gap: 0 3rem; }
header { grid-column: 1 / -1; border-bottom: 1px solid var(--line); margin-bottom: 2rem; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .5rem; letter-spacing: -.02em; }
h2 { font-size: 1.15rem; margin: 0 0 .5rem; }
h3 { font-size: .8rem; margin: 1.5rem 0 .25rem; color: var(--soft); text-transform: uppercase;
  letter-spacing: .06em; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
p { margin: .4rem 0; max-width: 46rem; }
nav { position: sticky; top: 1.5rem; align-self: start; font-size: .9rem; max-height: 94vh; overflow: auto; }
nav h2 { font-size: .8rem; color: var(--soft); text-transform: uppercase; letter-spacing: .06em; }
nav ul { list-style: none; margin: 0 0 1.5rem; padding: 0; }
nav li { margin: .2rem 0; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .75rem;
  padding: 1.25rem 1.5rem; margin-bottom: 1.5rem; scroll-margin-top: 1.5rem; }
section:target { border-color: var(--accent); }
code, pre { font: .9em/1.5 ui-monospace, monospace; background: var(--code); border-radius: .3rem; }
code { padding: .1em .35em; overflow-wrap: anywhere; }
nav code, h2 code { background: none; padding: 0; }
pre { padding: 1rem; overflow-x: auto; max-height: 34rem; }
.method { font: 700 .75rem ui-monospace, monospace; color: var(--mark); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th { text-align: left; color: var(--soft); font-weight: 600; font-size: .8rem; }
th, td { padding: .5rem .75rem .5rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; }
td p { margin: 0 0 .25rem; }
em { color: var(--soft); font-size: .85em; }
@media (max-width: 56rem) { body { display: block; } nav { position: static; max-height: none; } }
"""
