internal import ConsulModel
internal import ConsulState
internal import Vivaldi

/// Holds the handlers of the calls about network coordinates.
enum CoordinateHandlers {
    static func register(in table: inout EndpointTable, updates: CoordinateUpdates) {
        let configuration = table.configuration
        table.add(.coordinateListNodes, reading: { view, _ in
            view.store.coordinates.list()
        })
        table.add(.coordinateNode, reading: { view, plan in
            var reading = view.store.coordinates.list(node: plan.request.node)
            // Under the name of the request, as in Consul.
            for index in reading.value.indices { reading.value[index].node = plan.request.node }
            return reading
        })
        table.add(.coordinateListDatacenters, value: {
            // A server alone in its pool has measured nothing.
            var own = DatacenterCoordinates()
            own.datacenter = configuration.datacenter
            own.area = "wan"
            own.coordinates = [NodeCoordinate(configuration.nodeName, .origin)]
            return [own]
        })
        table.add(.coordinateUpdate, answering: { request, reply throws(ConsulError) in
            guard let coordinate = request.coordinate else {
                throw ConsulError(.badRequest, "Missing Coord: where the node stands")
            }
            guard coordinate.isCompatible else {
                throw ConsulError(.internal, "incompatible coordinate")
            }
            guard coordinate.isValid else { throw ConsulError(.internal, "invalid coordinate") }
            updates.add(NodeCoordinate(request.node, segment: request.segment, coordinate))
            reply(.success(EmptyReply()))
        })
    }
}
