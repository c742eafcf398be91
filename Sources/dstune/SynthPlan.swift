internal import Foundation
internal import HOCON
internal import Traffic

/// One fleet and where its traffic goes.
struct SynthPlan {
    let fleet: Fleet
    let output: FleetOutput
    let path: String
    let truthPath: String?

    var isPiped: Bool { path == "-" }
}

/// What is to be done.
extension SynthCommand {
    /// Everything that can be wrong is found before the first file is written.
    func plan() throws -> [SynthPlan] {
        var plans: [SynthPlan] = []
        for path in fleets {
            let fleet = try read(path)
            let (output, file) = try target(of: fleet)
            let truthPath = try truth.map { try place($0, fleet.name + ".truth.json", "--truth") }
            guard !plans.contains(where: { $0.path == file && !$0.isPiped }) else {
                throw Failure(
                    .badInput,
                    "\(path): another fleet that is named \(fleet.name) is written to \(file); name it differently"
                )
            }
            plans.append(
                SynthPlan(fleet: fleet, output: output, path: file, truthPath: truthPath))
        }
        return plans
    }

    private func read(_ path: String) throws(Failure) -> Fleet {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Failure(
                .badInput, "\(path): cannot be read; name a fleet, as Profiles/fleets/vehicles.conf"
            )
        }
        var fleet: Fleet
        do throws(HOCONError) {
            let config = try HOCONValue(parsing: Array(data), file: path)
            fleet = try Fleet(reading: config, file: path)
        } catch { throw Failure(.badInput, error.description) }
        if let devices {
            guard fleet.deviceCount > 0 else {
                throw Failure(
                    .badInput,
                    "\(path): no group of it scales, so --devices means nothing; leave it out")
            }
            fleet = fleet.scaled(toDevices: devices)
        }
        guard fleet.streamCount <= Fleet.mostStreams else {
            throw Failure(
                .badInput,
                "\(path): its clients have \(fleet.streamCount) streams of messages, more than \(Fleet.mostStreams); make fewer clients or variables"
            )
        }
        if let text = duration, let time = Fleet.duration(text) { fleet.duration = time }
        if let text = start, let time = WallClock.parse(text) { fleet.start = time }
        return fleet
    }

    private func target(of fleet: Fleet) throws(Failure) -> (FleetOutput, String) {
        let ending = output.flatMap { path in
            FleetOutput.allCases.first { path.hasSuffix("." + $0.rawValue) }
        }
        let form = to ?? ending ?? .dstrace
        let name = fleet.name + "." + form.rawValue
        guard let output else { return (form, name) }
        if output == "-" {
            guard fleets.count == 1 else {
                throw Failure(.badInput, "--output - takes one fleet; name a directory for several")
            }
            return (form, output)
        }
        return (form, try place(output, name, "--output"))
    }

    /// A file of this name in a directory, or the file that is named, if there is only one fleet.
    private func place(_ path: String, _ name: String, _ option: String) throws(Failure) -> String {
        var isDirectory: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
        guard path.hasSuffix("/") || exists && isDirectory.boolValue else {
            guard fleets.count == 1 else {
                throw Failure(
                    .badInput,
                    "\(option) \(path): is one file for \(fleets.count) fleets; name a directory")
            }
            return path
        }
        guard exists, isDirectory.boolValue else {
            throw Failure(.badInput, "\(option) \(path): is not a directory; make it first")
        }
        return path.hasSuffix("/") ? path + name : path + "/" + name
    }
}
