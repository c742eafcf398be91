
struct SourceList { struct Entry { let path: String
  func open() throws(CaptureError) -> CaptureInput { try CaptureInput(path: path) } } }
extension CaptureInput { var canReopen: Bool { true }; var bytesRead: Int { fileSize } }
