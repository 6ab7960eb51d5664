package eu.mikelangelo.shard;

import eu.mikelangelo.linux.Clock;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.metrics.MetricGroup;
import eu.mikelangelo.shard.loop.Carrier;
import eu.mikelangelo.shard.loop.Devices;
import eu.mikelangelo.shard.loop.LoopDevice;
import eu.mikelangelo.shard.loop.Operations;
import eu.mikelangelo.shard.loop.LoopMetrics;
import eu.mikelangelo.shard.loop.PooledFibers;
import eu.mikelangelo.shard.loop.SleepFlag;
import eu.mikelangelo.shard.loop.TimerWheel;
import eu.mikelangelo.shard.loop.Watchers;
import java.util.concurrent.Callable;

/**
 * One core of a {@link Host}: a loop, and everything that belongs to it alone. Its turn: take what the devices have
 * completed; take mail; poll the agents; give the lanes their time, each by its shares; look at the timers; send mail
 * and, when nothing was done for a while, sleep until something comes.
 *
 * <p>Threading: all methods are for the shard's own tasks and fibers, unless they say otherwise.
 */
public final class Shard {
    /** What lanes get before the loop looks elsewhere. */
    static final long BUDGET_NS = 500_000;
    /** Mail and foreign calls taken from one sender in a turn. */
    private static final int MAIL_PER_TURN = 256;
    /** The devices cost a system call: not asked more often than this, and less often when they never answer. */
    private static final long DEVICE_PERIOD_NS = 2_000;
    private static final long DEVICE_PERIOD_MAX_NS = 16 * DEVICE_PERIOD_NS;
    /** With mail held back a shard sleeps so long at most: nobody tells of room, but may need this CPU to make it. */
    private static final long ROOM_PERIOD_NS = 100_000;
    /** Looks for mail between two turns that found nothing. */
    private static final int SPINS = 200;
    /** Looks for mail between two pauses: a pause takes as long as many looks. */
    private static final int LOOKS_PER_PAUSE = 8;
    /** Readers see numbers that are at most so many turns old, and those of a shard that sleeps as they are. */
    private static final int TURNS_PER_PUBLISHING = 64;

    /** The thread of a loop; that of a {@link Simulation} is one shard's now and another's then. */
    static final class Loop extends Thread {
        Shard shard;

        Loop(Shard shard, Runnable body, String name) {
            super(null, body, name, 0, false);
            this.shard = shard;
        }
    }

    private final Host host;
    private final int index;
    private final int cpu;
    private final Loop loop;
    private final HotCalls calls = new HotCalls();
    private LoopDevice device;
    private Operations operations;
    private final Watchers<Watcher> watchers = new Watchers<>();
    private final TimerWheel timers;
    private final Lane.Queues lanes;
    private final SleepFlag sleeping = new SleepFlag();
    private final MetricGroup metrics;
    private final LoopMetrics metered;
    private final int wakeFd = Fds.eventFd();
    private final long wakeToken;
    private final Agents agents;
    private Post post;
    private Memory memory;

    private long nowNs;
    private long workedNs;
    private long deviceNs;
    private long devicePeriodNs = DEVICE_PERIOD_NS;
    /** Whether something was done since the devices were asked. */
    private boolean busy;
    private Context context = Context.NONE;
    private Fiber<?> running;
    private int fibers;
    private int turnsUntilPublishing;
    private volatile boolean stopped;

    /** @param cpu to pin to, -1 for none */
    Shard(Host host, int index, int cpu) {
        this.host = host;
        this.index = index;
        this.cpu = cpu;
        agents = new Agents(host);
        nowNs = clockNs();
        timers = new TimerWheel(nowNs);
        metrics = host.metrics().group("host", host.options().name(), "shard", String.valueOf(index));
        lanes = new Lane.Queues(this, metrics);
        metered = new LoopMetrics(metrics,
                host.metrics().group("host", host.options().name(), "shard", String.valueOf(index)));
        wakeToken = watchers.add(what -> calls.drain(wakeFd));
        loop = new Loop(this, this::live, host.options().name() + "-shard-" + index);
    }

    /** The shard that the caller runs on; null on other threads. Any thread. */
    public static Shard current() {
        Thread thread = Carrier.current();
        if (thread instanceof Loop loop) {
            return loop.shard;
        }
        boolean fiber = thread instanceof PooledFibers.Baton baton && baton.executor() instanceof Fiber<?>;
        return fiber ? ((Fiber<?>) ((PooledFibers.Baton) thread).executor()).shard : null;
    }

    /** Any thread. */
    public boolean isCurrent() {
        return current() == this;
    }

    /** Any thread. */
    public Host host() {
        return host;
    }

    /** 0 to the number of shards less 1. Any thread. */
    public int index() {
        return index;
    }

    /** The CPU that it is pinned to, -1 for none. Any thread. */
    public int cpu() {
        return cpu;
    }

    /** When this turn looked at the clock. */
    public long nowNs() {
        return nowNs;
    }

    /** The time: the host's clock, or a simulation's. Any thread. */
    public long clockNs() {
        Simulation simulation = host.simulation();
        return simulation == null ? Clock.nowNs() : simulation.nowNs();
    }

    /** What this shard has outside the Java heap. */
    public Memory memory() {
        return memory;
    }

    /** For metrics of one's own with the labels of this shard, which then writes them; see {@link Host#metrics}. */
    public MetricGroup metrics() {
        return metrics;
    }

    /** System calls with this shard's place for errno. */
    public HotCalls calls() {
        return calls;
    }

    /** Begins a fiber in the lane and the context of the caller. */
    public <T> Fiber<T> fiber(Callable<? extends T> body) {
        return fiber(lanes.current(), context, body);
    }

    /** Begins a fiber in a lane. */
    public <T> Fiber<T> fiber(Lane in, Callable<? extends T> body) {
        return fiber(queue(in), context, body);
    }

    <T> Fiber<T> fiber(Lane.Queue in, Context with, Callable<? extends T> body) {
        assert isCurrent() : "not this shard";
        Fiber<T> fiber = new Fiber<>(this, in, with, body);
        fibers++;
        fiber.start();
        return fiber;
    }

    void fiberEnds() {
        fibers--;
    }

    /** Fibers that have not ended. */
    public int fibers() {
        return fibers;
    }

    /** Does something later, in the lane and the context of the caller. */
    public void execute(Runnable task) {
        new Task(this, task::run).ready();
    }

    /** Does something later in a lane. */
    public void execute(Lane in, Runnable task) {
        new Task(this, queue(in), context, task::run).ready();
    }

    /** Does something once, {@code ns} from now. */
    public Timer after(long ns, Runnable task) {
        Timer timer = new Timer(this, new Task(this, task::run), 0);
        timers.set(timer, clockNs() + ns);
        return timer;
    }

    /** Does something every {@code ns}, first in {@code ns} from now; a late turn is not made up for. */
    public Timer every(long ns, Runnable task) {
        if (ns <= 0) {
            throw new IllegalArgumentException("a period of " + ns + " ns");
        }
        Timer timer = new Timer(this, new Task(this, task::run), ns);
        timers.set(timer, clockNs() + ns);
        return timer;
    }

    /** Makes an agent part of the loop. */
    public void add(Agent agent) {
        assert isCurrent() : "not this shard";
        agents.add(agent);
    }

    /** Takes an agent out of the loop; one that is not in it is no error. */
    public void remove(Agent agent) {
        assert isCurrent() : "not this shard";
        agents.remove(agent);
    }

    /**
     * Watches a descriptor, edge-triggered: the watcher is told when it becomes readable or writable, and at first.
     * What it does runs in the loop: short, without waiting, without throwing.
     *
     * @return the token for {@link #unwatch}
     */
    public long watch(int fd, Watcher watcher) {
        assert isCurrent() : "not this shard";
        if (host.simulation() != null) {
            throw new UnsupportedOperationException("a simulation has no descriptors");
        }
        long token = watchers.add(watcher);
        try {
            device.watch(fd, token);
        } catch (RuntimeException refused) {
            watchers.remove(token);
            throw refused;
        }
        return token;
    }

    /** Stops watching; the descriptor is still the caller's to close. */
    public void unwatch(int fd, long token) {
        assert isCurrent() : "not this shard";
        watchers.remove(token);
        device.forget(fd);
    }

    /** Where requests to files go; for {@code shard.io}. */
    @SuppressWarnings("exports")
    public Operations operations() {
        if (operations == null) {
            throw new UnsupportedOperationException(host + " has no files");
        }
        return operations;
    }

    Agents agents() {
        return agents;
    }

    TimerWheel timers() {
        return timers;
    }

    Lane.Queue lane() {
        return lanes.current();
    }

    /**
     * Something to do again and again without a new object each time: handed to {@link Again#soon} it runs in the lane
     * of the caller of this method, without a context.
     */
    public Again again(Runnable task) {
        return new Again(lanes.current(), task);
    }

    Lane.Queue queue(Lane of) {
        return lanes.of(of);
    }

    Lane.Queues lanes() {
        return lanes;
    }

    Context context() {
        return context;
    }

    /** @return the context before */
    Context enter(Context now) {
        Context before = context;
        context = now;
        return before;
    }

    Fiber<?> running() {
        return running;
    }

    void running(Fiber<?> fiber) {
        running = fiber;
    }

    LoopMetrics metered() {
        return metered;
    }

    Thread thread() {
        return loop;
    }

    /** Joins the shards: called once, before the loops start. */
    void connect(Mailbox[] in, Mailbox[] out) {
        post = new Post(this, in, out);
    }

    void start() {
        lanes.begin(host.defaultLane());
        if (host.simulation() == null) {
            loop.start();
        } else {
            reserve();
        }
    }

    /** Ends the loop after its present turn. Any thread. */
    void stop() {
        stopped = true;
        wakeIfAsleep();
    }

    Post post() {
        return post;
    }

    /** After news for it were published. Any thread. */
    void wakeIfAsleep() {
        if (sleeping.claim()) {
            wake();
        }
    }

    SleepFlag sleepFlag() {
        return sleeping;
    }

    /** For who has claimed it. Any thread. */
    void wake() {
        if (host.simulation() == null) {
            Shard caller = current();
            if (caller != null) {
                caller.calls.signal(wakeFd);
            } else {
                host.signalFromOutside(wakeFd);
            }
        }
    }

    /** What is reserved at the start: by its own thread, so that it lies near its CPU. */
    void reserve() {
        memory = new Memory(this, host.options().memoryBytes());
    }

    private void live() {
        if (!host.place(this)) {
            return;
        }
        workedNs = Clock.nowNs();
        Throwable last = null;
        while (!stopped) {
            try {
                // All of it within the try: the JVM raises some errors late, wherever the loop is by then.
                if (last != null) {
                    Throwable thrown = last;
                    last = null;
                    recover(thrown);
                }
                while (!stopped) {
                    step();
                }
            } catch (Throwable thrown) {
                last = thrown;
            }
        }
        closeDevice();
    }

    private void step() {
        int work = turn();
        if (work > 0) {
            workedNs = nowNs;
        } else if (nowNs - workedNs >= host.options().spinNs()) {
            sleep();
            return;
        }
        // What the devices have may not wait for mail that does not come.
        if (work == 0 || devicePeriodNs > DEVICE_PERIOD_NS) {
            spin();
        }
    }

    private void recover(Throwable thrown) {
        lanes.begin(host.defaultLane());
        sleeping.awake();
        agents.tell(thrown);
    }

    /** By the loop itself: a ring belongs to the thread that opens it. @return why there is no ring; null with one */
    String openDevice() {
        Devices.Opened opened = Devices.open(host.options().devices().kind(), calls);
        device = opened.device();
        device.watchInput(wakeFd, wakeToken);
        operations = host.options().devices() == HostOptions.Devices.NO_FILES ? null
                : Devices.operations(opened, host.files(), host.outside(this)::enqueue);
        return opened.reason();
    }

    private void closeDevice() {
        try {
            Devices.close(device, operations);
        } catch (RuntimeException failed) {
            host.record(failed);
        }
    }

    /** Looks for mail alone, many times, for a turn costs a hundred times as much; agents want whole turns. */
    private void spin() {
        if (!agents.isEmpty()) {
            Thread.onSpinWait();
            return;
        }
        lanes.atOnce(true);
        for (int i = 1; i <= SPINS && lanes.room() > 0; i++) {
            if (post.receive(lanes.room()) > 0) {
                endMailTurn();
            } else if (i % LOOKS_PER_PAUSE == 0) {
                Thread.onSpinWait();
            }
        }
        lanes.atOnce(false);
    }

    /** A turn for mail alone does not look at the clock: for a call that costs less than looking. */
    private void endMailTurn() {
        metered.turn.add(0, 1);
        busy = true;
        workedNs = nowNs;
        flush();
    }

    void closeDescriptors() {
        Fds.close(wakeFd);
    }

    private int turn() {
        int work = lanes.unlooked();
        look();
        if (nowNs - deviceNs >= devicePeriodNs) {
            work += askDevice();
        }
        work += mail(MAIL_PER_TURN) + agents.poll(nowNs);
        long untilNs = nowNs + BUDGET_NS;
        for (Lane.Queue next = lanes.next(); next != null && nowNs < untilNs; next = lanes.next()) {
            work += run(next, Lane.TASKS_PER_LOOK);
        }
        work += fireTimers();
        flush();
        busy |= work > 0;
        return work;
    }

    private int askDevice() {
        deviceNs = nowNs;
        int events = events(0);
        devicePeriodNs = events > 0 || !busy ? DEVICE_PERIOD_NS : Math.min(2 * devicePeriodNs, DEVICE_PERIOD_MAX_NS);
        busy = events > 0;
        return events;
    }

    /** Begins a turn. */
    void look() {
        long beforeNs = nowNs;
        nowNs = clockNs();
        lanes.looked(nowNs - beforeNs);
        metered.turn.add(0, 1);
        if (--turnsUntilPublishing < 0) {
            publish();
        }
    }

    /** Lets readers see what was counted, and what goes up and down. */
    private void publish() {
        turnsUntilPublishing = TURNS_PER_PUBLISHING;
        metered.publish();
        lanes.publish();
        metered.fibers.set(fibers);
        metered.timersSet.set(timers.count());
        metered.mailHeld.set(post.held());
        metered.memoryLive.set(memory.slabs().liveBytes());
        metered.memoryRefused.set(memory.slabs().refusals());
    }

    private int events(long timeoutNs) {
        int count = device.poll(timeoutNs);
        if (timeoutNs != 0) {
            nowNs = Clock.nowNs();   // what becomes ready now has not waited since before the sleep
        }
        for (int i = 0; i < count; i++) {
            Watcher watcher = watchers.get(device.token(i));
            if (watcher != null) {
                tell(watcher, device.ready(i));
            }
        }
        metered.events.add(count);
        return count;
    }

    /** One that throws must not take the others' events away: no second edge would tell of them. */
    private void tell(Watcher watcher, int what) {
        try {
            watcher.ready(what);
        } catch (Throwable thrown) {
            agents.tell(thrown);
        }
    }

    int mail(int most) {
        int arrived = post.receive(most);
        int foreign = host.outside(this).drain(most);
        metered.door.add(foreign);
        return arrived + foreign;
    }

    /** Runs some tasks of a lane that has any, and charges it for them. @return how many */
    int run(Lane.Queue next, int most) {
        long sinceNs = nowNs;
        long waitedNs = sinceNs - next.readyNs();
        int tasks = lanes.run(next, most);
        nowNs = clockNs();
        next.charge(nowNs - sinceNs, tasks, waitedNs);
        return tasks;
    }

    int fireTimers() {
        int due = timers.advance(nowNs);
        if (due > 0) {
            metered.timersFired.add(due);
        }
        return due;
    }

    void flush() {
        memory.sendHome();
        post.flush();
    }

    /** Sleeps until something comes. The order is store "asleep", fence, look at everything, and only then block. */
    private void sleep() {
        boolean quiet = agents.beforeSleep();
        flush();   // what they sent must wake its receivers before we sleep
        sleeping.announce();
        if (quiet && !hasNews()) {
            publish();
            metered.sleeps.increment();
            if (events(timeoutNs()) > 0) {
                metered.wakes.increment();
                workedNs = nowNs;
            }
        }
        sleeping.awake();
        agents.afterSleep();
    }

    /** When something is to be done though nothing happens; {@link Long#MAX_VALUE} for never. */
    long nextNs() {
        return Math.min(timers.nextNs(), agents.deadlineNs());
    }

    /** When no loop runs any more. */
    void bringBuffersHome() {
        post.bringBuffersHome();
        memory.bringHome();
    }

    boolean hasNews() {
        return post.hasNews() || stopped || host.outside(this).hasNews() || !lanes.areEmpty();
    }

    private long timeoutNs() {
        long next = post.held() == 0 ? nextNs() : Math.min(nextNs(), nowNs + ROOM_PERIOD_NS);
        return next == Long.MAX_VALUE ? LoopDevice.FOR_EVER : Math.max(0, next - Clock.nowNs());
    }

    @Override
    public String toString() {
        return "shard " + index;
    }
}
