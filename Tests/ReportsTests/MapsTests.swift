import Corpora
import Foundation
import Results
import Testing

@testable import Reports

@Suite("Maps and training on a study's page") struct MapsTests {
  private let study = SyntheticStudy.mapped

  @Test("a picture in 256 steps is within half a step, and stays as it is")
  func packing() throws {
    let values: [Float] = [-3, 0.5, 7, .nan, 2, -1]
    let packed = PackedPicture(.init(frames: 3, bands: 2, start: 0.01, step: 0.02, values: values))
    for (value, found) in zip(values, packed.picture.values) where value.isFinite {
      #expect(abs(value - found) <= packed.scale / 2 + 1e-6)
    }
    #expect(packed.picture.values[3] == packed.low)
    let read = try JSONDecoder().decode(PackedPicture.self, from: JSONEncoder().encode(packed))
    #expect(read == packed && read.picture == packed.picture)
    var cut = packed
    cut.cells.removeLast()
    #expect(cut.picture == .empty)
    let signed = PackedPicture(
      .init(frames: 3, bands: 2, start: 0, step: 1, values: values), isSigned: true)
    #expect(abs(signed.picture.values[2] - 7) < 1e-5)
    let zeros = PackedPicture(
      .init(frames: 1, bands: 3, start: 0, step: 1, values: [0, -0.3, 9]), isSigned: true)
    #expect(zeros.picture.values[0] == 0)
    let even = PackedPicture(.init(frames: 1, bands: 2, start: 0, step: 1, values: [4, 4]))
    #expect(even.picture.values == [4, 4])
  }

  @Test("a study with maps and training is read back, and gives the same page")
  func again() throws {
    let read = try StudyJSON.decode(StudyJSON.encode(study))
    #expect(read == study)
    #expect(try ReportPage.html(of: read) == ReportPage.html(of: study))
  }

  @Test("each map has its sound, its numbers and a heading that says how the probe read it")
  func maps() throws {
    let page = HTMLTags(try ReportPage.html(of: study))
    let name = "Listen to kal_s015.flac, 0.50–2.50 s"
    let players = page.starts.filter { $0.name == "audio" }
    #expect(players.map { $0.attributes["aria-label"] } == [name, name])
    #expect(players.allSatisfy { $0.attributes["src"]?.hasPrefix("data:audio/wav;base64,UklGR") == true })
    let html = try ReportPage.html(of: study)
    #expect(html.contains("AE in kal_s015.flac, which the probe reads rightly</h3>"))
    #expect(html.contains("&lt;M&gt; in kal_s015.flac, which the probe reads as N</h3>"))
    #expect(html.contains("download=\"map-2.csv\""))
    // How much lies inside the span, and the checks.
    #expect(
      html.contains(
        "<li>Grad-CAM: 92\u{A0}% of what speaks for it lies inside the span, which fills 5\u{A0}% of the stretch; "
          + "insertion less deletion in its order 0.52, in random orders 0.02; "
          + "rank correlation with the map of random weights 0.08; nothing speaks against it.</li>"))
    #expect(html.contains("not to be trusted here.</li>"))
    var unchecked = study
    unchecked.maps?.examples[0].explained.trust = []
    let page2 = try ReportPage.html(of: unchecked)
    #expect(!page2.contains("AE in kal_s015.flac") && page2.contains("&lt;M&gt; in kal_s015.flac"))
    #expect(page2.contains("1 map of an earlier version, without checks, is not shown."))
    // Where there can be none, a sentence says why; where none were asked for, nothing does.
    var without = study
    without.maps = ActivationMaps(remarks: ["There are no maps of activations."])
    #expect(try ReportPage.html(of: without).contains("There are no maps of activations."))
    without.maps = nil
    #expect(try !ReportPage.html(of: without).contains("id=\"maps\""))
  }

  @Test("the share of a map inside a span counts what speaks for the label, by the frames' middles")
  func inside() throws {
    var map = AttributionResult.Map(
      method: "m", layer: "input", start: 0.005, step: 0.01, profile: [1, -5, 2, 1, .nan, 0])
    let found = try #require(map.share(inside: [0.02, 0.04]))
    #expect(found.share == 0.75 && found.ofTime == 2.0 / 6)
    #expect(map.share(inside: []) == nil && map.share(inside: [1, 2]) == nil)
    map.profile = [-1, 0]
    #expect(map.share(inside: [0, 0.02]) == nil)
  }

  @Test("strips along training have this study's own numbers in their place")
  func training() throws {
    let strips = study.trainingStrips
    #expect(strips.map(\.name) == ["peaks-phoneme", "peaks-syllable", "peaks-word"])
    let rows = try #require(strips.first).data.csv.split(separator: "\n").map(String.init)
    #expect(rows.count == 4 && rows[1].hasPrefix("step 500,") && rows[2].hasPrefix("\"step 1,000\","))
    let own = try #require(study.levels[0].layers.first?.metrics?.accuracy.value)
    #expect(rows[3].hasPrefix("\"step 2,000\",\(own),"))
    let html = try ReportPage.html(of: study)
    #expect(html.contains("This study&#39;s model is step 2,000."))
    #expect(html.contains("The peak of phoneme moves: "))
    var alone = study
    alone.training = nil
    #expect(alone.trainingStrips.isEmpty)
  }
}
