#pragma once
// status_style.hpp - how the status page looks, light and dark, on a desk and on a phone.
//
// On a narrow screen each row of its table is a card: a cell's name, which the page gives as
// data-name, stands beside it instead of above.

#include <string_view>

namespace server {

inline constexpr std::string_view status_style = R"css(:root {
  color-scheme: light dark;
  --ink: #1c1917; --faint: #5c554f; --paper: #faf9f7; --card: #ffffff; --line: #e3e0dc;
  --good: #116329; --bad: #b42318; --busy: #0a53be; --link: #0f766e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #eceae8; --faint: #aaa39c; --paper: #141210; --card: #1b1917; --line: #3b3733;
    --good: #56d364; --bad: #fda29b; --busy: #79c0ff; --link: #5eead4;
  }
}
* { box-sizing: border-box; }
body {
  background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif;
  margin: 0 auto; max-width: 68rem; overflow-wrap: anywhere; padding: 1.5rem 1rem 3rem;
}
h1 { font-size: 1.5rem; margin: 0 0 1rem; }
h2 { font-size: 1.125rem; margin: 2rem 0 0.75rem; }
dl, .health { border: 1px solid var(--line); border-radius: 0.75rem; padding: 0.75rem 1rem; }
.health { border-color: currentcolor; font-weight: 600; margin: 0; }
dl {
  background: var(--card); display: grid; gap: 0.25rem 1.5rem; margin: 0;
  grid-template-columns: max-content 1fr;
}
dt, th { color: var(--faint); }
dd { margin: 0; }
a { color: var(--link); }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: 0.5rem 1.25rem 0.5rem 0; }
th { font-weight: 600; text-align: left; white-space: nowrap; }
td { vertical-align: top; }
.status { font-weight: 600; }
.status, .date, .took { font-variant-numeric: tabular-nums; white-space: nowrap; }
.good, .success { color: var(--good); }
.bad, .failure { color: var(--bad); }
.in_progress { color: var(--busy); }
.pending, .cancelled, .none { color: var(--faint); }
@media (max-width: 56rem) {
  thead { clip-path: inset(50%); height: 1px; overflow: hidden; position: absolute; width: 1px; }
  table, tbody { display: block; }
  tr {
    background: var(--card); border: 1px solid var(--line); border-radius: 0.75rem;
    display: block; margin-bottom: 0.75rem; padding: 0.5rem 1rem;
  }
  td { border: 0; display: grid; gap: 1rem; grid-template-columns: 6rem 1fr; padding: 0.125rem 0; }
  td::before { color: var(--faint); content: attr(data-name); font-weight: 400; }
}
)css";

}  // namespace server
