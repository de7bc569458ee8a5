/// Tensors in a pickle whose values only the library of their class makes: quantised ones, and parts of one that several
/// processes hold.
enum ForeignTensors {
  enum Library { case torchao, quanto, distributed }

  static func library(ofClass name: String) -> Library? {
    let beginnings: [(String, Library)] = [
      ("torchao.", .torchao), ("optimum.quanto.", .quanto), ("torch.distributed.", .distributed),
    ]
    return beginnings.first { name.hasPrefix($0.0) }?.1
  }

  static func error(
    _ library: Library, _ className: String, path: String, tensor: String
  ) -> CheckpointError {
    let advice =
      switch library {
      case .torchao, .quanto:
        """
        Convert it, where you trust the file, since this runs what it says: python -c "import torch, \(library == .torchao ? "torchao" : "optimum.quanto"); \
        d = torch.load('FILE', weights_only=False); plain = (torch.Tensor, torch.nn.Parameter); \
        torch.save({k: v if type(v) in plain else v.dequantize() for k, v in d.items()}, 'float32.pt')"
        """
      case .distributed:
        """
        Each process has saved its part. Save the whole from the program that trains: \
        torch.distributed.checkpoint.state_dict.get_model_state_dict(model, \
        options=StateDictOptions(full_state_dict=True, cpu_offload=True)); or save with \
        torch.distributed.checkpoint, whose folders are read
        """
      }
    let kind =
      switch library {
      case .torchao: "a weight quantised by torchao"
      case .quanto: "a weight quantised by quanto"
      case .distributed: "a part of a tensor that is spread over processes (FSDP, DTensor)"
      }
    return .unsupported(
      path: path, place: "tensor \(shown(tensor))", found: "\(kind), \(shown(className))", advice: advice)
  }
}
