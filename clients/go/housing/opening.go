package housing

// opening is what the first message of a stream says for all that follow. A server reads it there
// alone, so each new stream of a job begins with what the first chunk of the job asked for.
type opening struct {
	asked asked
}

// message gives what is sent of a chunk, which stays as it is: it may have to be sent again.
func (o *opening) message(chunk *Chunk, first bool) *Chunk {
	if chunk.GetSequence() == 0 {
		o.asked = asked{
			explain: chunk.GetExplain(), reference: chunk.GetReference(),
			level: chunk.GetLevel(), intervals: chunk.GetIntervals(), receipt: chunk.GetReceipt(),
			routing: chunk.GetRoutingKey(),
		}
	}
	sent := &Chunk{
		Sequence: chunk.GetSequence(), Payload: chunk.GetPayload(), PinModel: chunk.GetPinModel(),
	}
	if first {
		sent.Explain, sent.Reference = o.asked.explain, o.asked.reference
		sent.Level, sent.Intervals = o.asked.level, o.asked.intervals
		sent.Receipt, sent.RoutingKey = o.asked.receipt, o.asked.routing
	}
	return sent
}
