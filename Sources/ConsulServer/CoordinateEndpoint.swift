internal import ConsulModel
internal import ConsulState
internal import Vivaldi

/// Where nodes stand in the network.
enum CoordinateEndpoint {
    static func register(in table: inout EndpointTable, updates: CoordinateUpdates) {
        let (configuration, log) = (table.configuration, table.log)
        table.add(.coordinateListNodes) { snapshot, _ in snapshot.store.coordinates.list() }
        table.add(.coordinateNode) { snapshot, plan in
            var reading = snapshot.store.coordinates.list(node: plan.query.name)
            // Under the name by which it was asked for, as Consul tells it.
            for index in reading.value.indices { reading.value[index].node = plan.query.name }
            return reading
        }
        table.add(.coordinateListDatacenters) {
            // Alone in its pool, a server has measured nothing.
            var own = DatacenterCoordinates()
            own.datacenter = configuration.datacenter
            own.area = "wan"
            own.coordinates = [NodeCoordinate(configuration.nodeName, .origin)]
            return [own]
        }
        table.add(.coordinateUpdate, in: { $0.datacenter }) { request, reply throws(ConsulError) in
            guard let coordinate = request.coordinate else {
                throw ConsulError(.badRequest, "Missing Coord: where the node stands")
            }
            guard coordinate.isCompatible else {
                throw ConsulError(.internal, "incompatible coordinate")
            }
            guard coordinate.isValid else { throw ConsulError(.internal, "invalid coordinate") }
            guard log.leadership.isReady else { throw .noLeader }
            updates.add(
                NodeCoordinate(request.node, segment: request.segment, coordinate))
            reply(.success(true))
        }
    }
}
