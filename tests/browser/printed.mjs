// What `wigwag` prints when it starts with no settings, taken apart as a person with a mouse would.

/** The link, the shell command and the script in the printed text; all of them, or an error that names what is missing. */
export function printed(text) {
  const lines = text.split('\n').map((line) => line.trimEnd());
  const found = {
    link: /http:\/\/\S+\/#token=\S+/.exec(text)?.[0],
    curl: run(lines, /^\s*(?:\$ )?curl /, (line, previous) => previous.endsWith('\\')),
    script: run(lines, /^\s*(?:import|const) /, (line) => line !== '' && !/^\S.*:$/.test(line)),
  };
  for (const [name, value] of Object.entries(found)) {
    if (!value) {
      throw new Error(`no ${name} in what was printed:\n${text}`);
    }
  }
  return found;
}

/** The lines from the first that matches `begins` for as long as `goesOn`. */
function run(lines, begins, goesOn) {
  const first = lines.findIndex((line) => begins.test(line));
  if (first < 0) {
    return undefined;
  }
  const length = lines.slice(first + 1).findIndex((line, index) => !goesOn(line, lines[first + index]));
  const taken = lines.slice(first, length < 0 ? undefined : first + 1 + length);
  return taken.join('\n').trim().replace(/^\$ /, '');
}
