import Primitives
import Testing
import Vivaldi
import Wire

@Suite struct CoordinateTests {
    private func place(
        _ first: Double, height: Double = 0, adjustment: Double = 0
    ) -> Coordinate {
        var place = Coordinate.origin
        place.vector[0] = first
        place.height = height
        place.adjustment = adjustment
        return place
    }

    /// As HashiCorp Consul 1.8.7 prints them: 22.000, 2.000 and 31.010 ms.
    @Test func distancesAreEuclideanWithHeights() {
        let (a, b) = (place(0.030, height: 0.001), place(0.010, height: 0.001))
        #expect(a.roundTrip(to: b) == .milliseconds(22))
        #expect(b.roundTrip(to: a) == a.roundTrip(to: b))
        #expect(a.roundTrip(to: a) == .milliseconds(2))
        let toOrigin = a.roundTrip(to: .origin)?.nanoseconds ?? 0
        #expect((31_009_999...31_010_000).contains(toOrigin))
    }

    @Test func allDimensionsCount() {
        var far = Coordinate.origin
        far.vector = [1, 2, 3, 4, 5, 6, 7, 8]
        far.height = 0
        var here = Coordinate.origin
        here.height = 0
        // The square root of 204.
        #expect(here.roundTrip(to: far)?.nanoseconds == 14_282_856_857)
    }

    @Test func adjustmentsCountWhileSomethingIsLeft() {
        let near = place(0, height: 0.001, adjustment: -0.0004)
        #expect(near.roundTrip(to: near)?.nanoseconds == 1_200_000)
        let tooNear = place(0, height: 0.001, adjustment: -0.001)
        #expect(tooNear.roundTrip(to: tooNear) == .milliseconds(2))
        let further = place(0, height: 0.001, adjustment: 0.002)
        #expect(further.roundTrip(to: tooNear) == .milliseconds(3))
    }

    @Test func nonsenseHasNoDistance() {
        var flat = Coordinate.origin
        flat.vector = [0, 0]
        #expect(!flat.isCompatible)
        var broken = Coordinate.origin
        broken.vector[3] = .nan
        var endless = Coordinate.origin
        endless.height = .infinity
        var unsure = Coordinate.origin
        unsure.error = .nan
        for bad in [Coordinate(), flat, broken, endless, unsure] {
            #expect(!bad.isValid)
            #expect(bad.roundTrip(to: .origin) == nil)
            #expect(Coordinate.origin.roundTrip(to: bad) == nil)
        }
        #expect(place(1e200).roundTrip(to: .origin) == nil)
        #expect(place(1e12).roundTrip(to: .origin) == nil)
        #expect(Coordinate.origin.isValid)
    }

    @Test func isWrittenAsConsulWritesIt() throws {
        var place = place(0.03, height: 1e-7, adjustment: 123_456_789.125)
        place.error = 1e21
        let text =
            #"{"Vec":[0.03,0,0,0,0,0,0,0],"Error":1e+21,"Adjustment":123456789.125,"#
            + #""Height":1e-7}"#
        #expect(String(decoding: JSONWriter.encode(place), as: UTF8.self) == text)
        #expect(try JSONReader.decode(Coordinate.self, from: Array(text.utf8)) == place)
        var packed = MessagePackWriter(capacity: 128)
        packed.record(place)
        #expect(try MessagePackReader.decode(Coordinate.self, from: packed.output) == place)
    }
}
