/// The page in Mustache. They are literals so that an installed command has them wherever it stands; each
/// is registered under its name and escapes whatever it is given in double braces.
enum PageTemplates {
  static let all = [
    "head": head, "page": page, "answer": answer, "drawing": drawing, "data": data, "numbers": numbers,
    "measured": measured,
    "facts": facts, "attribution": attribution, "figures": figures, "figureSection": figureSection,
    "comparison": comparison, "mistakes": mistakes, "table": table, "maps": maps,
    "training": training, "choice": choice,
  ]

  /// How every page begins; it asks for nothing from outside and runs no script, and the browser is told so.
  static let head = """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:">
    <meta name="color-scheme" content="light dark">
    <meta name="generator" content="Strata {{version}}">
    <link rel="icon" href="data:,">
    <title>{{title}}</title>
    <style>
    {{{css}}}</style>
    </head>
    """

  static let page = """
    {{>head}}
    <body>
    <a class="skip" href="#answer">Skip to the answer</a>
    <header>
    <h1>{{question}}</h1>
    <p class="lead">{{#headline}}{{.}} {{/headline}}</p>
    <ul class="line">{{#facts}}<li>{{.}}</li>{{/facts}}{{#hasWarnings}}<li><a href="#warnings">{{warningCount}}</a></li>{{/hasWarnings}}</ul>
    <nav aria-label="Contents"><ul class="line">
    <li><a href="#answer">Answer</a></li>
    {{#hasProfiles}}<li><a href="#profiles">Profiles</a></li>{{/hasProfiles}}
    {{#training}}<li><a href="#training">Training</a></li>{{/training}}
    {{#hasMistakes}}<li><a href="#mistakes">Confusions</a></li>{{/hasMistakes}}
    {{#maps}}<li><a href="#maps">Maps</a></li>{{/maps}}
    {{#hasHeatmaps}}<li><a href="#similarity">Similarity</a></li>{{/hasHeatmaps}}
    {{#hasSpectra}}<li><a href="#spectrum">Spectra</a></li>{{/hasSpectra}}
    <li><a href="#numbers">Numbers</a></li>
    <li><a href="#measured">How it was measured</a></li>
    {{#hasWarnings}}<li><a href="#warnings">Warnings</a></li>{{/hasWarnings}}
    <li><a href="#provenance">Provenance</a></li>
    </ul></nav>
    </header>
    <main>
    <section id="answer" aria-labelledby="answer-title">
    <h2 id="answer-title">The answer, level by level</h2>
    <div class="answer">
    <div class="cards">
    {{#answers}}{{>answer}}{{/answers}}
    </div>
    {{#map}}{{>drawing}}{{/map}}
    </div>
    </section>
    {{#hasProfiles}}<section id="profiles" aria-labelledby="profiles-title">
    <h2 id="profiles-title">Profiles along the layers</h2>
    <p class="text">What a layer adds is read against the lines in grey: the same probe on {{baseline}}, on the same layer of the model with random weights, and always naming the commonest class.</p>
    <div class="figures">
    {{#profiles}}{{>drawing}}{{/profiles}}
    </div>
    </section>{{/hasProfiles}}
    {{#training}}{{>training}}{{/training}}
    {{#hasMistakes}}{{>mistakes}}{{/hasMistakes}}
    {{#maps}}{{>maps}}{{/maps}}
    {{#hasHeatmaps}}<section id="similarity" aria-labelledby="similarity-title">
    <h2 id="similarity-title">How alike the layers are</h2>
    <div class="figures">
    {{#heatmaps}}{{>choice}}{{/heatmaps}}
    </div>
    {{#similarityNotes}}<p class="text note">{{.}}</p>
    {{/similarityNotes}}</section>{{/hasHeatmaps}}
    {{#hasSpectra}}<section id="spectrum" aria-labelledby="spectrum-title">
    <h2 id="spectrum-title">How each layer's variance is spread</h2>
    <p class="text">Effective rank: how many directions the states take, by the entropy of their singular values. Participation ratio: how many equal directions would be as concentrated. Anisotropy: the mean cosine of pairs of states, 0 where they point everywhere alike, 1 where all point one way; a layer with high values looks alike to every cosine.</p>
    {{#spectra}}{{>drawing}}{{/spectra}}
    </section>{{/hasSpectra}}
    {{>numbers}}
    {{>measured}}
    {{#hasWarnings}}<section id="warnings" aria-labelledby="warnings-title">
    <h2 id="warnings-title">Warnings</h2>
    <ul class="text">
    {{#warnings}}<li>{{.}}</li>
    {{/warnings}}</ul>
    </section>{{/hasWarnings}}
    <section id="provenance" aria-labelledby="provenance-title">
    <h2 id="provenance-title">Provenance</h2>
    <dl class="facts">
    {{#provenance}}{{>facts}}{{/provenance}}
    </dl>
    </section>
    </main>
    <footer>
    <p class="text note">Encoded is not used: a probe shows what a linear reader can find in a layer, not what the model does with it. The files beside this page hold every number (layers.csv, similarity.csv, spectra.csv, study.json) and every figure (figures/*.svg).</p>
    </footer>
    </body>
    </html>

    """

  static let answer = """
    <article class="card" aria-labelledby="{{id}}" style="--level: {{colour}}">
    <h3 id="{{id}}">{{level}}{{#decision}} <span class="chip {{kind}}"><span aria-hidden="true">{{sign}}</span> {{words}}</span>{{/decision}}</h3>
    {{#peak}}<p class="peak"><strong>{{peak}}</strong> <span>{{value}}</span></p>
    {{/peak}}<p>{{sentence}}</p>
    {{#hasDoubts}}<p class="doubt">{{#doubts}}{{.}} {{/doubts}}</p>
    {{/hasDoubts}}<dl class="gains">
    {{#facts}}{{>facts}}{{/facts}}
    </dl>
    </article>

    """

  static let facts = """
    <div><dt>{{name}}</dt><dd>{{value}}</dd></div>

    """

  static let drawing = """
    <figure id="{{id}}">
    <div class="drawing" tabindex="0" role="group" aria-label="{{title}}"><div style="min-width: min({{leastWidth}}px, 42rem); max-width: {{mostWidth}}px">
    {{{svg}}}</div></div>
    <figcaption><b>{{title}}.</b> {{note}}</figcaption>
    {{>data}}
    </figure>

    """

  /// A drawing's numbers, to be read and to be kept.
  static let data = """
    <details><summary>The numbers <span class="hidden">of {{title}}</span></summary>
    <p><a download="{{file}}" href="{{download}}">Download {{file}}</a></p>
    <div class="scroll" tabindex="0" role="region" aria-label="Numbers: {{title}}">
    {{#table}}<table>
    <caption class="hidden">{{caption}}</caption>
    <thead><tr>{{#headings}}<th scope="col">{{.}}</th>{{/headings}}</tr></thead>
    <tbody>
    {{#rows}}<tr><th scope="row">{{name}}</th>{{#cells}}<td>{{value}}</td>{{/cells}}</tr>
    {{/rows}}</tbody>
    </table>{{/table}}
    </div></details>
    """

  static let numbers = """
    <section id="numbers" aria-labelledby="numbers-title">
    <h2 id="numbers-title">The numbers</h2>
    <p class="text note">★ peak; ○ cannot be told from the peak; brackets: {{intervalNote}}. The last rows are what a layer has to beat; the untrained model's is each level's peak layer with random weights.</p>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="numbers-title">
    {{#numbers}}<table class="numbers">
    <caption class="hidden">{{caption}}</caption>
    <thead><tr><th scope="col">Layer</th>{{#groups}}<th scope="col">{{title}}<small>{{unit}}</small></th>{{/groups}}</tr></thead>
    <tbody>
    {{#rows}}<tr{{#isFirstReference}} class="first"{{/isFirstReference}}><th scope="row">{{name}}</th>{{#cells}}<td{{#isPeak}} class="best"{{/isPeak}}>{{#isPeak}}<span class="mark" role="img" aria-label="peak">★</span>{{/isPeak}}{{#isInPeakSet}}<span class="mark" role="img" aria-label="in the peak set">○</span>{{/isInPeakSet}}{{value}}{{#interval}} <span class="interval">{{.}}</span>{{/interval}}</td>{{/cells}}</tr>
    {{/rows}}</tbody>
    </table>{{/numbers}}
    </div>
    {{#missing}}<p class="text note">{{.}}</p>
    {{/missing}}</section>

    """

  static let measured = """
    <section id="measured" aria-labelledby="measured-title">
    <h2 id="measured-title">How it was measured</h2>
    <div class="columns">
    {{#measured}}<div>
    <h3>{{level}}</h3>
    <ul class="text">{{#sentences}}<li>{{.}}</li>{{/sentences}}</ul>
    </div>
    {{/measured}}<div>
    <h3>Model</h3>
    <dl class="facts">{{#modelFacts}}{{>facts}}{{/modelFacts}}</dl>
    </div>
    <div>
    <h3>Corpus</h3>
    <dl class="facts">{{#corpusFacts}}{{>facts}}{{/corpusFacts}}</dl>
    </div>
    <div>
    <h3>What is measured</h3>
    <dl class="facts">{{#metrics}}{{>facts}}{{/metrics}}</dl>
    </div>
    </div>
    <details><summary>Tap points: widths and times</summary>
    <div class="scroll" tabindex="0" role="region" aria-label="Tap points">
    <table>
    <caption class="hidden">Tap points</caption>
    <thead><tr><th scope="col">Layer</th><th scope="col">Width</th><th scope="col">Stride, ms</th><th scope="col">Receptive field, ms</th><th scope="col">First centre, ms</th></tr></thead>
    <tbody>
    {{#taps}}<tr><th scope="row">{{name}}</th><td>{{width}}</td><td>{{stride}}</td><td>{{field}}</td><td>{{centre}}</td></tr>
    {{/taps}}</tbody>
    </table>
    </div></details>
    </section>

    """
}
