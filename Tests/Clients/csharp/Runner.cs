using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace Outspool
{
    /// <summary>Runs what Tests/Clients/run asks of a client. It is in its assembly for its reader of JSON.</summary>
    internal static class Runner
    {
        private static int Main(string[] arguments)
        {
            var spool = new Spool();
            if (arguments[0] == "cases") Cases(spool, arguments[1]);
            else if (arguments[0] == "many") Many(spool, int.Parse(arguments[1]), int.Parse(arguments[2]));
            else Full.Run(spool);
            return 0;
        }

        private static void Cases(Spool spool, string path)
        {
            var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false));
            var index = 0;
            foreach (var line in File.ReadAllLines(path))
            {
                var verdict = new Dictionary<string, object> { { "case", index } };
                try
                {
                    spool.SubmitJson(Json.Text(((JsonObject)Json.Read(line)).Get("job")), "case-" + index);
                    verdict["verdict"] = "good";
                }
                catch (SubmitException error)
                {
                    verdict["verdict"] = error.Reason == SubmitReason.Invalid ? "bad" : "error";
                    verdict["pointer"] = error.Pointer;
                    verdict["message"] = error.Message;
                }
                output.WriteLine(Json.Text(Json.Tree(verdict, "", 0)));
                index++;
            }
            output.Flush();
        }

        private static void Many(Spool spool, int threads, int count)
        {
            var tasks = Enumerable.Range(0, threads).Select(thread => Task.Factory.StartNew(
                () =>
                {
                    for (var index = thread; index < count; index += threads) Submit(spool, "csharp-" + index);
                },
                TaskCreationOptions.LongRunning));
            Task.WaitAll(tasks.ToArray());
        }

        private static void Submit(Spool spool, string name)
        {
            while (true)
            {
                try
                {
                    spool.Submit(new Job(new Mail(name) { Text = "t" }) { Id = name, To = { "a@b.example" } });
                    return;
                }
                catch (SubmitException error)
                {
                    if (error.Reason == SubmitReason.AlreadyQueued) return;
                    if (error.Reason != SubmitReason.Temporary && error.Reason != SubmitReason.Unsettled) throw;
                }
                Thread.Sleep(10);
            }
        }
    }
}
