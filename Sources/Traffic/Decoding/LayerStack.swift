/// The layers between TCP and MQTT on one connection, lowest first.
final class LayerStack {
    private(set) var layers: [any Layer] = []
    /// Buffers for what the layers give out, one each.
    private var outputs: [LayerOutput] = []

    var count: Int { layers.count }
    var keptBytes: Int { layers.reduce(0) { $0 + $1.keptBytes } }

    func push(_ layer: any Layer) {
        layers.append(layer)
        outputs.append(LayerOutput())
    }

    /// What `layer` makes of bytes; to be given back to `reuse`.
    func receive(_ bytes: RawSpan, from side: Int, by layer: Int) -> LayerOutput {
        var output = takeOutput(layer)
        layers[layer].receive(bytes, from: side, into: &output)
        return output
    }

    func lose(_ count: Int, isExact: Bool, from side: Int, by layer: Int) -> LayerOutput {
        var output = takeOutput(layer)
        layers[layer].lose(count, isExact: isExact, from: side, into: &output)
        return output
    }

    func reuse(_ output: consuming LayerOutput, of layer: Int) {
        output.clear()
        outputs[layer] = output
    }

    private func takeOutput(_ layer: Int) -> LayerOutput {
        var output = LayerOutput()
        swap(&output, &outputs[layer])
        return output
    }
}
