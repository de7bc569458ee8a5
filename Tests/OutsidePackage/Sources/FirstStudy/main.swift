import Strata

let model = try SpeechModel.load("fixtures/w2v2-tiny-phones/model.ckpt")
let corpus = try Corpus.load("fixtures/unseen")
var study = LayerStudy(model: model, corpus: corpus)
study.levels = [.word]
study.layers = ["conv.1", "hidden.5"]
study.twinSeeds = [1]
let result = try await study.run()

print(result.summary)
print("words at hidden.5:", try result[.word]["hidden.5"].accuracy.value)
