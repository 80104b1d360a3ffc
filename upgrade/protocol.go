package upgrade

// phase is where a generation stands in its life. Its first half is a
// successor's, its second a predecessor's; every process goes through both.
type phase int

const (
	warming  phase = iota // has the sockets and does not accept yet
	heir                  // warming, and the predecessor has died
	trial                 // accepts, on probation
	serving               // owns the port
	hosting               // serves, while a successor warms up
	standby               // does not accept, and can at once: the successor is on probation
	draining              // finishes the jobs of its release
	gone
)

// event is what a generation learns. Events may come late, twice or, but for
// verdicts, never: the verdict is a file that both look at until they know it.
type event int

const (
	warmed        event = iota // everything but the port is ready
	upgradeAsked               // somebody brought a new release
	markerTouched              // the marker names our successor and the nonce that only it was given
	markerByHand               // the marker was touched without it
	otherLost                  // the lifeline ended: the other process is gone
	overdue                    // the successor is not warm in time, or fails its probes
	probationOver              // the time of probation has passed; a successor waits 5 s longer
	committed                  // the verdict: the successor serves
	rolledBack                 // the verdict: the predecessor serves
	stopAsked                  // a signal, or app stop
	drained                    // no job of the release is left
)

// action is what a generation then does, in the order given.
type action int

const (
	startSuccessor action = iota
	endSuccessor
	accept
	stopAccepting
	touchMarker
	decideCommit   // make the verdict "committed", unless there is one; what stands there is the next event
	decideRollBack // likewise
	flipCurrent
	adoptQueue // of the successor that is gone
	lameDuck   // ask clients, answer by answer, to connect anew
	exit
)

// next is the protocol of an upgrade: what a generation in a phase makes of an
// event. What is not named changes nothing.
//
// Three rules make it safe, whatever crashes and whichever message is late. A
// predecessor stops accepting only when the successor accepts, and keeps the
// socket until the verdict. The verdict is made once, by whoever comes first,
// and both obey it. Only who is committed touches current.
func next(p phase, e event) (phase, []action) {
	switch p {
	case warming:
		switch e {
		case warmed:
			return trial, []action{accept, touchMarker}
		case otherLost:
			return heir, nil
		case rolledBack, stopAsked, markerByHand:
			return gone, []action{exit}
		}

	case heir:
		switch e {
		case warmed:
			return trial, []action{accept, decideCommit}
		case rolledBack, stopAsked:
			return gone, []action{exit}
		}

	case trial:
		switch e {
		case otherLost, probationOver:
			return trial, []action{decideCommit}
		case stopAsked: // the predecessor shall accept while we finish
			return trial, []action{decideRollBack}
		case committed:
			return serving, []action{flipCurrent}
		case rolledBack:
			return gone, []action{stopAccepting, exit}
		}

	case serving:
		switch e {
		case upgradeAsked:
			return hosting, []action{startSuccessor}
		case stopAsked, markerByHand:
			return draining, []action{stopAccepting}
		}

	case hosting:
		switch e {
		case markerTouched:
			return standby, []action{stopAccepting}
		case otherLost, overdue, stopAsked, markerByHand:
			return hosting, []action{decideRollBack}
		case rolledBack:
			return serving, []action{endSuccessor}
		case committed: // an heir took us for dead
			return draining, []action{stopAccepting, lameDuck}
		}

	case standby:
		switch e {
		case probationOver:
			return standby, []action{decideCommit}
		case otherLost, overdue, stopAsked:
			// Accept first: the successor obeys the verdict as soon as it is made.
			return standby, []action{accept, decideRollBack}
		case committed:
			return draining, []action{stopAccepting, lameDuck}
		case rolledBack:
			return serving, []action{accept, endSuccessor, adoptQueue}
		}

	case draining:
		if e == drained {
			return gone, []action{exit}
		}
	}
	return p, nil
}
