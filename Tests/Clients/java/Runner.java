package outspool;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import outspool.SubmitException.Reason;

/** Runs what Tests/Clients/run asks of a client. It is in the client's package for its reader of JSON. */
public final class Runner {
    private Runner() {}

    public static void main(String[] arguments) throws Exception {
        Spool spool = new Spool();
        switch (arguments[0]) {
            case "cases" -> cases(spool, Path.of(arguments[1]));
            case "many" -> many(spool, Integer.parseInt(arguments[1]), Integer.parseInt(arguments[2]));
            default -> Full.run(spool);
        }
    }

    private static void cases(Spool spool, Path path) throws Exception {
        PrintStream output = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        int index = 0;
        for (String line : Files.readAllLines(path)) {
            Map<String, Object> verdict = Json.object("case", index);
            try {
                spool.submitJson(Json.text(Json.members(Json.read(line)).get("job")), "case-" + index);
                verdict.put("verdict", "good");
            } catch (SubmitException error) {
                verdict.put("verdict", error.reason() == Reason.INVALID ? "bad" : "error");
                verdict.put("pointer", error.pointer());
                verdict.put("message", error.getMessage());
            }
            output.println(Json.text(verdict));
            index++;
        }
        output.flush();
    }

    private static void many(Spool spool, int threads, int count) throws Exception {
        List<Thread> running = new ArrayList<>();
        List<Throwable> failures = new ArrayList<>();
        for (int thread = 0; thread < threads; thread++) {
            int first = thread;
            Thread worker = new Thread(() -> {
                for (int index = first; index < count; index += threads) {
                    submit(spool, "java-" + index);
                }
            });
            worker.setUncaughtExceptionHandler((failed, error) -> {
                synchronized (failures) {
                    failures.add(error);
                }
            });
            worker.start();
            running.add(worker);
        }
        for (Thread worker : running) {
            worker.join();
        }
        if (!failures.isEmpty()) {
            throw new IllegalStateException(failures.get(0));
        }
    }

    private static void submit(Spool spool, String name) {
        while (true) {
            try {
                spool.submit(new Job(new Job.Mail(name).text("t")).id(name).to("a@b.example"));
                return;
            } catch (SubmitException error) {
                if (error.reason() == Reason.ALREADY_QUEUED) {
                    return;
                }
                if (error.reason() != Reason.TEMPORARY && error.reason() != Reason.UNSETTLED) {
                    throw error;
                }
            }
            try {
                Thread.sleep(10);
            } catch (InterruptedException error) {
                throw new IllegalStateException(error);
            }
        }
    }
}
