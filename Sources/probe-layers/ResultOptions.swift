import ArgumentParser
import Strata

/// What a folder of results gets beside the usual.
struct ResultOptions: ParsableArguments {
  @Flag(help: "Also make a PNG of each figure (needs rsvg-convert).")
  var png = false

  @Flag(help: "Also make a PDF of each figure, with its text as text (needs rsvg-convert).")
  var pdf = false

  var pictures: [PictureFormat] { (png ? [.png] : []) + (pdf ? [.pdf] : []) }
}

/// What becomes of results that are there already.
struct ForceOption: ParsableArguments {
  @Flag(help: "Replace another study's results in the output folder; without it they are not touched.")
  var force = false
}
